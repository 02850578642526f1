"""What a client is, and how a transaction ends that began by itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import anyio
import anyio.to_thread

T = TypeVar("T")

PATIENCE = 60
"""Seconds that a connection waits for SQLite's one writer: a busy machine takes its time."""


class Client(ABC):
    """One connection, and how its library's users work with it.

    Attributes:
        conn: what is passed to aseq.
        journal_mode: what a SQLite file is in before anybody connects.
        draws_in_savepoints: whether numbers can be drawn inside one; where it can't be
            known that the savepoint isn't all there is, they are refused.
        shares_connections: whether a task waits for its turn on a connection that
            another task uses, or else is turned away with the driver's error.
        awaited: whether aseq is used as in async code. If not, it is aseq.sync in a worker
            thread, which nobody can cancel.
        without_table: what is said where there is no table, after that.
        needs_mysqlclient: whether its driver is that one, which has to be compiled.
    """

    conn: Any
    journal_mode: ClassVar[str] = "DELETE"
    draws_in_savepoints: ClassVar[bool] = True
    shares_connections: ClassVar[bool] = True
    awaited: ClassVar[bool] = True
    needs_mysqlclient: ClassVar[bool] = False
    without_table: ClassVar[str] = (
        ": create it once with `await aseq.create_table(conn, '{table}')`, or with your "
        "migrations"
    )

    def __init__(self, url: str) -> None:
        self.url = url

    @abstractmethod
    async def open(self) -> None:
        """Connect."""

    @abstractmethod
    async def close(self) -> None:
        """Disconnect, whatever state the connection is in."""

    @abstractmethod
    def transaction(self) -> AbstractAsyncContextManager[object]:
        """Commits at the end of the block, rolls back if it is left by an error."""

    @abstractmethod
    def savepoint(self) -> AbstractAsyncContextManager[object]:
        """As `transaction`, inside one."""

    @abstractmethod
    async def execute(self, sql: str) -> None:
        """Run a statement, whose rows don't matter."""

    async def scalar(self, sql: str) -> Any:
        """Run a statement for the first column of its first row."""
        raise NotImplementedError

    async def save(self, name: str, number: int) -> None:
        """Write the row that carries a number."""
        await self.execute(f"INSERT INTO saved (name, number) VALUES ('{name}', {number})")


@asynccontextmanager
async def ended(connection: Any) -> AsyncIterator[None]:
    """Commit or roll back at the end what began by itself."""
    try:
        yield
    except BaseException:
        with anyio.CancelScope(shield=True):
            await connection.rollback()
        raise
    await connection.commit()


async def in_thread(work: Callable[[], T]) -> T:
    """Run something in a worker thread, and wait for its end whatever happens.

    `task.cancel()` takes no notice of a shield: it would leave the thread alone, with the
    connection in its hands. A task group waits for it.
    """
    result: list[T] = []
    failure: list[Exception] = []

    async def run() -> None:
        try:
            limiter = anyio.CapacityLimiter(1)
            result.append(await anyio.to_thread.run_sync(work, limiter=limiter))
        except Exception as exc:
            failure.append(exc)

    async with anyio.create_task_group() as group:
        group.start_soon(run)
    for exc in failure:
        raise exc
    return result[0]


def sqlite_file(folder: Path) -> str:
    """The name of a database file in a folder."""
    return str(folder / "aseq.db")
