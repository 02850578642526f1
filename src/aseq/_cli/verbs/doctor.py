"""``doctor``."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from aseq._exit_codes import ExitCode

from .. import output
from ..database import Database, on_database
from ..doctor import mysql, mysql_ledger
from ..doctor.answer import Answer, State
from ..doctor.application import alembic, engine, metadata_of
from ..doctor.file import file
from ..doctor.server import server
from ..doctor.table import table
from ..options import HERE, Json, Place


def doctor(
    *,
    engine_: Annotated[
        str | None,
        Parameter(
            name="--engine", help="The SQLAlchemy engine of your code, as module:object."
        ),
    ] = None,
    metadata: Annotated[
        str | None,
        Parameter(
            help="The MetaData, or the declarative base, of your code, as module:object."
        ),
    ] = None,
    place: Place = HERE,
    json: Json = False,
) -> ExitCode:
    """Look whether a database is set up for aseq. It changes nothing.

    One line for each thing that was looked at: OK, WARN, or CAN'T TELL for what can't be
    seen from here. What to do stands behind the arrow: mostly SQL to be pasted. Connect as
    the application does, since a role has settings of its own.

    It exits with 1 if there is a WARN.

    For example:

        aseq doctor
        aseq doctor --engine shop.db:engine --metadata shop.models:Base
        aseq doctor --json | jq '.[] | select(.state == "WARN")'
    """
    known = None if metadata is None else metadata_of(metadata)

    def look(on: Database) -> list[Answer]:
        if on.dialect == "sqlite":
            found = list(file(on.connection, place.table))
        elif on.dialect == "mysql":
            connection = on.connection
            found = [*mysql.table(connection, place.table), *mysql.server(connection)]
            found += mysql_ledger.ledger(connection, place.table)
        else:
            found = [*table(on.connection, place.table), *server(on.connection)]
        return [*found, alembic(on.connection, known, place.table)]

    answers = [*on_database(place.target, look, verb="doctor"), *engine(engine_)]
    if json:
        output.json([each._asdict() for each in answers])
    else:
        columns = ("", "what", "seen", "to do")
        output.rows(columns, answers, lambda *cells: str(Answer(*cells)))
    worst = any(each.state is State.WARN for each in answers)
    return ExitCode.FINDINGS if worst else ExitCode.OK
