"""Takers on a cluster of MySQL's protocol, each of whose nodes can be written to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import asyncmy

from aseq import AsyncSequence, create_table, is_retryable
from devtools.clusters.node import Node

from .takers import Takers, assert_complete

LOST = (asyncmy.errors.InterfaceError, OSError, TimeoutError)

TABLE = "CREATE TABLE invoice (`key` varchar(40) PRIMARY KEY, number bigint UNIQUE)"

TAKERS = 6

numbers = AsyncSequence("invoices")


class Lost(Exception):
    """The connection was lost."""


@dataclass(frozen=True)
class Kind:
    """One kind of cluster, and what it says.

    Attributes:
        runs: runs one; gives its nodes.
        numbers: how many to take while a node is killed and started again.
        unknown: codes of errors after which nobody knows whether it was committed.
        accepts: a query: whether the node can be written to.
        up_to_date: what lets a query wait for all that was committed before.
    """

    runs: Callable[[], AbstractContextManager[Sequence[Node]]]
    numbers: int
    unknown: frozenset[int]
    accepts: str
    up_to_date: str

    @asynccontextmanager
    async def connected(self, node: Node) -> AsyncIterator[Any]:
        """A connection to one node; whatever says that it was lost is `Lost`."""
        conn = None
        try:
            conn = await connect(node)
            yield conn
        except (*LOST, asyncmy.errors.DatabaseError) as exc:
            if isinstance(exc, LOST) or self.is_unknown(exc):
                raise Lost from exc
            raise
        finally:
            if conn is not None:
                conn.close()

    def is_unknown(self, exc: Exception) -> bool:
        """Whether one has to look; an earlier try's row may have come late, too."""
        code, text = exc.args
        if is_retryable(exc):  # then nothing was kept: what is counted shows whether that is so
            return False
        return code in self.unknown or (code == 1062 and "PRIMARY" in text)

    async def prepare(self, node: Node) -> None:
        """An empty table of invoices, and the sequence at its start."""
        async with self.connected(node) as conn:
            await create_table(conn)
            await execute(conn, "DELETE FROM aseq_sequence")
            await execute(conn, "DROP TABLE IF EXISTS invoice")
            await execute(conn, TABLE)
            await conn.commit()

    async def draw_on(self, node: Node) -> int:
        """Draw, and save nothing."""
        async with self.connected(node) as conn:
            await conn.begin()
            return await numbers.next_value(conn)

    def assert_complete(self, takers: Takers, nodes: Sequence[Node]) -> int:
        """Counted on every node; gives the last number."""
        last = 0
        for node in nodes:
            rows = node.ask_all(self.up_to_date, "SELECT `key`, number FROM aseq.invoice")
            [(last,)] = node.ask("SELECT last FROM aseq.aseq_sequence WHERE name = 'invoices'")
            assert_complete(takers, rows, last)
        return last


async def connect(node: Node) -> Any:
    """A connection to a node; one that is paused takes it and says nothing."""
    port = node.ports["sql"]
    with anyio.fail_after(5):
        return await asyncmy.connect(host="127.0.0.1", port=port, user="root", db="aseq")


async def execute(conn: Any, sql: str, *args: Any) -> Any:
    """The rows of one statement."""
    async with conn.cursor() as cursor:
        await cursor.execute(sql, args or None)
        return await cursor.fetchall() if cursor.description else None


class OnNodes:
    """Takers of whom each has a node, and goes on to the next one when that is lost.

    Attributes:
        nodes: theirs.
        takers: what they got.
        unknown: the codes with which a COMMIT failed of which nobody knows.
    """

    def __init__(self, kind: Kind, nodes: Sequence[Node]) -> None:
        self.kind, self.nodes = kind, nodes
        self.takers = Takers(self.draw, self.look_up, self.ready, (Lost,))
        self.unknown: dict[int, int] = {}
        self._at: dict[str, int] = {}

    def _node(self, key: str) -> Node:
        taker = key.partition("-")[0]
        return self.nodes[self._at.setdefault(taker, int(taker[1:])) % len(self.nodes)]

    def __str__(self) -> str:
        retried, looked_up = self.takers.retried, self.takers.ambiguous
        return f"{retried=} {looked_up=}, at COMMIT {self.unknown}"

    async def connect(self) -> Any:
        """A connection to a node that can be written to: the same one, while it can be."""
        await self.ready("t0")
        return await connect(self._node("t0"))

    async def ready(self, key: str) -> None:
        """Its node, or the next one that says that it can be written to."""
        with anyio.fail_after(90):
            while not await self._accepts(self._node(key)):
                self._at[key.partition("-")[0]] += 1
                await anyio.sleep(0.01)

    async def _accepts(self, node: Node) -> bool:
        try:
            async with self.kind.connected(node) as conn:
                [[accepts]] = await execute(conn, self.kind.accepts)
                return bool(accepts)
        except (Lost, asyncmy.errors.DatabaseError):
            return False

    async def draw(self, key: str) -> int:
        """One transaction."""
        async with self.kind.connected(self._node(key)) as conn:
            await conn.begin()
            number = await numbers.next_value(conn)
            await execute(conn, "INSERT INTO invoice VALUES (%s, %s)", key, number)
            await self._commit(conn)
        return number

    async def _commit(self, conn: Any) -> None:
        try:
            await conn.commit()
        except asyncmy.errors.DatabaseError as exc:
            if self.kind.is_unknown(exc):
                self.unknown[exc.args[0]] = self.unknown.get(exc.args[0], 0) + 1
            raise

    async def look_up(self, key: str) -> int | None:
        """What the cluster has."""
        async with self.kind.connected(self._node(key)) as conn:
            await execute(conn, self.kind.up_to_date)
            rows = await execute(conn, "SELECT number FROM invoice WHERE `key` = %s", key)
        return rows[0][0] if rows else None
