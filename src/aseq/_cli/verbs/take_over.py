"""``take-over`` and ``take-over-table``: go on behind numbers that came from elsewhere."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter
from sqlalchemy import column as some_column
from sqlalchemy import func, inspect, select
from sqlalchemy import table as some_table

from aseq import _printed
from aseq._arguments import pairs
from aseq._columns import column_name
from aseq._core.table import TableName
from aseq._drive_sync import read_on_sync
from aseq._exit_codes import ExitCode
from aseq.numbering import Unread
from aseq.numbering._take_over import reading
from aseq.sync import Numbering, Sequence
from aseq.sync._dispatch import executor_for

from .. import output
from ..database import Database, on_database
from ..move import Move, move
from ..options import HERE, WAIT, Bind, Name, Object, Place, Timeout, series
from ..problems import Problem


def take_over(
    column: Annotated[str, Parameter(help="Has the numbers: table.column.")],
    name: Name = None,
    /,
    *,
    numbering: Object = None,
    bind: Bind = None,
    scope: Annotated[
        list[str] | None,
        Parameter(
            name=["--scope", "-s"],
            negative="",
            help="scope=table.column: has a scope that isn't printed. Can be repeated.",
        ),
    ] = None,
    timeout: Timeout = WAIT,
    place: Place = HERE,
) -> ExitCode:
    """Go on after the greatest number that a column has. Never back.

    Of a Numbering, the texts are read, and each scope and period has a counter of its own.
    What can't be read is left out and named, and the command exits with 1. It is one
    transaction; repeating it does no harm.

    For example:

        aseq take-over invoice.number invoices
        aseq take-over bill.number -n shop.numbers:bills -s tenant=bill.tenant_id
    """
    what = series(name, numbering, bind, place.table).what
    beside = pairs("--scope", "scope=table.column", scope or ())
    if isinstance(what, Numbering):

        def work(on: Database) -> tuple[dict[str, Move], list[Unread]]:
            return _texts(on, what, column, beside, timeout)
    else:
        if beside:
            raise Problem("--scope is for a Numbering: say --numbering module:object")

        def work(on: Database) -> tuple[dict[str, Move], list[Unread]]:
            return _integers(on, what, column, timeout), []

    moves, unread = on_database(place.target, work, writes=True, verb="take-over")
    for counter, (before, after) in moves.items():
        output.line(_printed.moved(counter, before, after))
    for line in _printed.unread(unread):
        output.note(line)
    return ExitCode.FINDINGS if unread else ExitCode.OK


def _texts(
    on: Database, numbering: Numbering, column: str, beside: dict[str, str], timeout: float
) -> tuple[dict[str, Move], list[Unread]]:
    for each in (column, *beside.values()):
        _check(on, each)
    plan: Any = reading(numbering, column, beside)
    executor = executor_for(on.on)
    about = executor.adapt(numbering.counter((), None))
    furthest = read_on_sync(about, plan, executor, writes_next=True)
    moves = {
        sequence.name: move(Sequence.of(sequence), on, number, timeout)
        for sequence, number in furthest.in_order()
    }
    if not (moves or furthest.unread):
        raise Problem(f"{column} has no numbers")
    return moves, furthest.unread


def _integers(on: Database, sequence: Sequence, path: str, timeout: float) -> dict[str, Move]:
    _check(on, path)
    where = column_name(path)
    furthest = func.max if sequence.step > 0 else func.min
    rows = some_table(where.table.name, some_column(where.name), schema=where.table.schema)
    last = on.connection.execute(select(furthest(rows.c[where.name]))).scalar_one()
    if last is None:
        raise Problem(f"{path} has no numbers")
    if not isinstance(last, int):
        raise Problem(f"{path} isn't a column of integers: say --numbering for texts")
    return {sequence.name: move(sequence, on, last, timeout)}


def _check(on: Database, path: str) -> None:
    """Refuse what isn't there, before the database does in its own words."""
    where = column_name(path)
    look = inspect(on.connection)
    if not look.has_table(where.table.name, schema=where.table.schema):
        raise Problem(f"there is no table {where.table}")
    columns = look.get_columns(where.table.name, schema=where.table.schema)
    if where.name not in [each["name"] for each in columns]:
        raise Problem(f"{where.table} has no column {where.name!r}")


def take_over_table(
    table: Annotated[str, Parameter(name="OTHER", help="The other table of sequences.")],
    /,
    *,
    timeout: Timeout = WAIT,
    place: Place = HERE,
) -> ExitCode:
    """Go on after all sequences of another table, as django-sequences has one. Never back.

    It has the columns name and last. It is one transaction: all of them, or none.

    For example:

        aseq take-over-table sequences_sequence
    """
    source = TableName.parse(table)
    if source == TableName.parse(place.table):
        raise Problem(f"{table} is the table in use: there is nothing to take over")

    def work(on: Database) -> dict[str, Move]:
        for each in ("name", "last"):
            _check(on, f"{table}.{each}")
        rows = some_table(
            source.name, some_column("name"), some_column("last"), schema=source.schema
        )
        return {
            name: move(Sequence(name, table=place.table), on, last, timeout)
            for name, last in on.connection.execute(select(rows).order_by(rows.c.name)).all()
        }

    moves = on_database(place.target, work, writes=True, verb="take-over-table")
    for name, (before, after) in moves.items():
        output.line(_printed.moved(name, before, after))
    output.note(_printed.moved_forward(moves, table))
    return ExitCode.OK
