"""``ddl``: needs no connection."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

from cyclopts import Parameter

from aseq import create_table_sql
from aseq._core.dialects import DIALECTS
from aseq._exit_codes import ExitCode
from aseq.ledger import create_ledger_sql

from ..options import HERE, Place
from ..problems import Problem
from ..url import VARIABLE


def ddl(
    dialect: Annotated[
        str | None,
        Parameter(help=f"{', '.join(sorted(DIALECTS))}. By default, that of the URL."),
    ] = None,
    /,
    *,
    ledger: Annotated[
        str | None, Parameter(help="That of a ledger's table of this name instead.")
    ] = None,
    place: Place = HERE,
) -> ExitCode:
    """Print the statement that creates the table, for a migration written by hand.

    It needs no connection.

    For example:

        aseq ddl postgresql
        aseq ddl sqlite --table numbers | sqlite3 shop.db
        aseq ddl postgresql --ledger aseq_ledger
    """
    if dialect is None:
        if place.dsn is None and not os.environ.get(VARIABLE):
            raise Problem("for which database? Say `aseq ddl postgresql` or `aseq ddl sqlite`")
        dialect = place.target.dialect
        if dialect == "mysql":
            raise Problem("which server is it? Say `aseq ddl mariadb` or `aseq ddl mysql`")
    if dialect not in DIALECTS:
        raise Problem(f"aseq knows the dialects {', '.join(sorted(DIALECTS))}")
    known: Any = dialect
    text = create_table_sql(known, place.table)
    sys.stdout.write(text if ledger is None else create_ledger_sql(known, ledger))
    return ExitCode.OK
