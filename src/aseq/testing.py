"""For users' own tests: a connection that needs no server, and a check for gaps."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import cycle, islice
from typing import ClassVar

from ._core.dialects import SQLITE
from ._core.spec import SequenceSpec
from ._core.statement import Bind, Paramstyle, Row
from ._core.table import TableName
from .adapters.base import Executor
from .audit._compared import compared
from .audit._grid import Grid
from .audit._words import finding_lines

__all__ = ("MemoryExecutor", "assert_gapless")


class MemoryExecutor(Executor):
    """A connection to a database in memory, for unit tests without a server.

    Pass it where the code under test expects a connection. It runs aseq's real SQL, on
    the standard library's SQLite; the tables are there when they are needed. It has real
    transactions and savepoints, and refuses to draw outside one, as a server would:

        conn = MemoryExecutor()
        async with conn.transaction():
            assert await invoice_numbers.next_value(conn) == 1

    It is one connection: nothing ever waits for another. It doesn't switch tasks, so
    there is nothing to cancel. Works on every event loop, and in any thread.
    """

    kind = "memory"
    dialect = SQLITE
    paramstyle: Paramstyle = "qmark"
    driver_errors: ClassVar = (sqlite3.Error,)

    def __init__(self) -> None:
        # A test client may run the application in another thread than made this.
        self._connection = sqlite3.connect(
            ":memory:", isolation_level=None, check_same_thread=False
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryExecutor]:
        """A transaction, or inside one a savepoint: rolled back if an error leaves it."""
        outermost = not self._connection.in_transaction
        self._connection.execute("BEGIN" if outermost else "SAVEPOINT nested")
        try:
            yield self
        except BaseException:
            self._connection.execute("ROLLBACK" if outermost else "ROLLBACK TO nested")
            raise
        finally:
            if self._connection.in_transaction:
                self._connection.execute("COMMIT" if outermost else "RELEASE nested")

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()

    def outside_transaction(self) -> str | None:
        """Refuse outside `transaction`."""
        if self._connection.in_transaction:
            return None
        return "open one with `async with conn.transaction():`"

    def locate(self, table: TableName) -> TableName:
        """Create the table at first sight. A schema becomes part of its name."""
        flat = TableName(str(table).replace(".", "__"))
        self._connection.execute(self.dialect.ddl(flat))
        return flat

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        """Run one statement."""
        return self._connection.execute(sql, args).fetchall()

    async def abort(self) -> bool:
        """Do nothing: no number can get lost."""
        return False

    def terminate(self) -> None:
        """Do nothing: it always answers."""


def assert_gapless(
    values: Iterable[int],
    initial_value: int = 1,
    reset_value: int | None = None,
    *,
    step: int = 1,
    last: int | None = None,
) -> None:
    """Fail unless the values are the first ones of a sequence, each once.

    Their order doesn't matter, unless the sequence loops:

        numbers = await session.scalars(select(Invoice.number))
        assert_gapless(numbers, last=await invoice_numbers.last_value(session))

    `aseq.audit.audit` says the same of a database, in the same words.

    Args:
        values: the committed values, as read from the database.
        initial_value: as of the sequence.
        reset_value: as of the sequence. If given, the order matters.
        step: as of the sequence.
        last: the last value that was drawn. Without it, nothing tells that the last values
            are missing. (If the sequence loops, it is that of the last one.)

    Raises:
        AssertionError: something is missing, there twice, or doesn't belong there; the
            message says what.
        InvalidSequence: the parameters can't work.
    """
    spec = SequenceSpec("assert_gapless", initial_value, reset_value, step=step)
    if last is not None:
        spec._check_value(last)
    found = list(values)
    strangers = [value for value in found if not isinstance(value, int)]
    if strangers:
        what = "None (a row without a number?)" if None in strangers else repr(strangers[0])
        raise AssertionError(f"not gapless: {what} among {len(found)} values is no number")
    if spec._cycle is not None:
        _assert_equal(found, list(islice(cycle(spec._cycle.values), len(found))))
        _assert_last(found, last)
        return
    series = compared(found, Grid(initial_value, step), last)
    if not series.ok:
        told = "; ".join(line.strip() for line in finding_lines(series))
        values_ = "1 value" if len(found) == 1 else f"{len(found):,} values"
        raise AssertionError(f"not gapless, of {values_}: {told}")


def _assert_last(found: list[int], last: int | None) -> None:
    if last is None or found[-1:] == [last]:
        return
    if not found:
        raise AssertionError(f"not gapless: there is no value, though the last one is {last}")
    raise AssertionError(f"not gapless: the last value is {found[-1]}, not {last}")


def _assert_equal(found: list[int], expected: list[int]) -> None:
    for place, (value, wanted) in enumerate(zip(found, expected, strict=True)):
        if value != wanted:
            raise AssertionError(f"not gapless: {value} instead of {wanted} at place {place}")
