"""``list``, ``show`` and ``holders``: they change nothing."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from cyclopts import Parameter
from sqlalchemy import MetaData, select

from aseq import _printed
from aseq._exit_codes import ExitCode
from aseq._holders import Holder
from aseq.adapters.sqlalchemy import sequence_table
from aseq.sync import Sequence
from aseq.sync._dispatch import executor_for
from aseq.sync._holders import holders_of, specs_of_name

from .. import output
from ..database import Database, on_database
from ..options import HERE, Bind, Json, Name, Object, Place, series
from ..problems import Problem


def list_(*, place: Place = HERE, json: Json = False) -> ExitCode:
    """Show all sequences with their last values.

    Of a Numbering, each scope and period has a sequence of its own: invoices/2026.

    For example:

        aseq list
        aseq list --json | jq .invoices
    """
    found = on_database(place.target, lambda on: _all(on, place.table), verb="list")
    if json:
        output.json(dict(found))
    else:
        output.rows(("sequence", "last value"), found, _printed.last)
    return ExitCode.OK


def _all(on: Database, table: str) -> list[tuple[str, int]]:
    Sequence("x", table=table).last_value(on.on)  # says what to do if there is no table
    ours = sequence_table(MetaData(), table)
    query = select(ours.c.name, ours.c.last).order_by(ours.c.name)
    return [(name, last) for name, last in on.connection.execute(query)]


def show(
    name: Name = None,
    /,
    *,
    numbering: Object = None,
    bind: Bind = None,
    place: Place = HERE,
    json: Json = False,
) -> ExitCode:
    """Print the last value of a sequence.

    Of a Numbering, it is that of the period now. Others may have drawn further already and
    not committed yet, so it doesn't foretell the next one.

    For example:

        aseq show invoices
        aseq show --numbering shop.numbers:invoices --bind tenant=7
    """
    sequence = series(name, numbering, bind, place.table).sequence

    def read(on: Database) -> tuple[int | None, list[str]]:
        last = sequence.last_value(on.on)
        return last, [] if last is not None else _counters(on, place.table, sequence.name)

    last, counters = on_database(place.target, read, verb="show")
    if json:
        output.json({"sequence": sequence.name, "last": last})
    elif last is not None:
        output.line(str(last))
    if last is None:
        raise Problem(f"no number was drawn from {sequence.name!r}{_but(counters)}")
    return ExitCode.OK


def _counters(on: Database, table: str, series: str) -> list[str]:
    """The sequences that a Numbering of that name has, one for each scope and period."""
    return [name for name, _ in _all(on, table) if name.startswith(f"{series}/")]


def _but(counters: list[str]) -> str:
    if not counters:
        return " (`aseq list` shows the names)"
    others = f" and {len(counters) - 1:,} more" if len(counters) > 1 else ""
    return (
        f", but from {counters[0]!r}{others}, as of a Numbering: name one of them, or say "
        "--numbering module:object"
    )


def holders(
    *names: Annotated[str, Parameter(help="The sequences. By default, all.")],
    place: Place = HERE,
    json: Json = False,
) -> ExitCode:
    """Tell who holds sequences, and who waits for them; not on SQLite.

    Whoever has drawn a number holds its sequence until the transaction ends. Nothing is
    printed if all are free. The line says which backend it is: to clear it, end that with
    `SELECT pg_terminate_backend(...)`, or `KILL ...` on MariaDB and MySQL; its transaction is
    rolled back, and no number is lost.

    For example:

        aseq holders
        aseq holders invoices
    """

    def ask(on: Database) -> list[Holder]:
        wanted = list(names) or [name for name, _ in _all(on, place.table)]
        specs = [spec for name in wanted for spec in specs_of_name(name, place.table)]
        return holders_of(specs, executor_for(on.on))

    found = on_database(place.target, ask, verb="holders")
    if json:
        output.json([_plain(each) for each in found])
    else:
        for each in found:
            output.line(_printed.printable(str(each)))
    return ExitCode.OK


def _plain(holder: Holder) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(holder).items()
    }
