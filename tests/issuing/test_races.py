"""Rows that others lock, change or delete meanwhile: no number is lost, and none repeated."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import asyncpg
import pytest

from aseq import (
    AsyncSequence,
    InvalidSequence,
    RowRefused,
    allocate,
    create_table,
    is_retryable,
)
from aseq.issuing import NumberedRows, number_rows
from aseq.numbering import Numbering
from tests.observer import Observer, observing


class Shop:
    """Three connections to a table of drafts, and an eye on the server.

    Attributes:
        ours: numbers the rows.
        other: does what others do.
        holder: does what others do in a transaction of its own.
    """

    def __init__(self, conns: list[Any], observer: Observer, table: str, name: str) -> None:
        self.ours, self.other, self.holder = conns
        self.observer = observer
        self.table, self.plain = table, AsyncSequence(name)
        self.scoped = Numbering(name, "{tenant}-{number}")

    async def add(self, *tenants: str | None) -> None:
        """Add a draft of each tenant, with rising keys."""
        await self.other.executemany(
            f"INSERT INTO {self.table} (tenant) VALUES ($1)", [(tenant,) for tenant in tenants]
        )

    async def number(self, **options: Any) -> NumberedRows:
        """Number the rows with integers, and commit."""
        async with self.ours.transaction():
            return await number_rows(
                self.ours, self.plain, f"{self.table}.number", key="id", **options
            )

    async def number_scoped(self, **options: Any) -> NumberedRows:
        """Number the rows of each tenant, and commit."""
        column, scope = f"{self.table}.code", {"tenant": "tenant"}
        async with self.ours.transaction():
            return await number_rows(
                self.ours, self.scoped, column, key="id", scope=scope, **options
            )

    @asynccontextmanager
    async def meanwhile(
        self, call: Callable[[], Awaitable[NumberedRows]]
    ) -> AsyncIterator[list[NumberedRows]]:
        """Run a call, and the block while it waits for a lock; its result at the end."""
        results: list[NumberedRows] = []

        async def run() -> None:
            results.append(await call())

        async with anyio.create_task_group() as group:
            group.start_soon(run)
            await self.observer.until_waiting(self.ours.get_server_pid())
            yield results

    async def trigger(self, body: str) -> None:
        """Run something before each UPDATE of a row."""
        function = f"{self.table}_odd"
        await self.other.execute(
            f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$BEGIN {body}; END$$"
        )
        await self.other.execute(
            f"CREATE TRIGGER odd BEFORE UPDATE ON {self.table} FOR EACH ROW "
            f"EXECUTE FUNCTION {function}()"
        )

    async def holding(self, what: AsyncSequence | Numbering) -> Any:
        """A transaction of the holder, which has drawn."""
        transaction = self.holder.transaction()
        await transaction.start()
        await allocate(self.holder, {what: 1})
        return transaction

    async def column(self, name: str) -> list[Any]:
        """What the rows have, by their keys."""
        rows = await self.other.fetch(f"SELECT {name} FROM {self.table} ORDER BY id")
        return [value for (value,) in rows]

    async def lock(self, *ids: int) -> None:
        """Lock rows, as who edits them does."""
        await self.other.execute(
            f"UPDATE {self.table} SET note = 'edited' WHERE id = ANY($1::int[])", list(ids)
        )


@pytest.fixture
async def shop(postgres: str, name: str) -> AsyncIterator[Shop]:
    conns = [await asyncpg.connect(postgres) for _ in range(3)]
    table = name.replace("-", "_")
    await create_table(conns[0])
    await conns[0].execute(
        f"CREATE TABLE {table} (id serial PRIMARY KEY, tenant text, number bigint UNIQUE, "
        "code text UNIQUE, note text)"
    )
    with observing(postgres) as observer:
        yield Shop(conns, observer, table, name)
    for conn in conns:
        conn.terminate()


async def test_locked_rows_are_skipped_and_counted(shop: Shop) -> None:
    await shop.add(*"abcdef")
    async with shop.other.transaction():
        await shop.lock(1, 3, 6)
        first = await shop.number(limit=2)
        rest = await shop.number()
        none = await shop.number()
    last = await shop.number()

    assert [(done.count, done.skipped) for done in (first, rest, none, last)] == [
        *((2, 2), (1, 3), (0, 3), (3, 0)),
    ]
    assert await shop.column("number") == [4, 1, 5, 2, 3, 6]


async def test_many_more_are_locked_than_the_limit(shop: Shop) -> None:
    await shop.other.execute(f"INSERT INTO {shop.table} SELECT generate_series(1, 1102)")
    async with shop.other.transaction():
        await shop.lock(*range(1, 1101))
        one = await shop.number(limit=1)
        all_but = await shop.number(limit=700)

    assert await shop.column("number") == [None] * 1100 + [1, 2]
    assert one == NumberedRows(1, 1001, one.by_counter), "it looks no further"
    assert all_but == NumberedRows(1, 1100, all_but.by_counter)


async def test_rows_of_a_child_that_is_being_inserted(shop: Shop) -> None:
    """A foreign key locks its row; with a weaker lock the UPDATE would wait for that."""
    await shop.add(*"ab")
    lines = f"{shop.table}_line"
    await shop.other.execute(
        f"CREATE TABLE {lines} (invoice int REFERENCES {shop.table}, what text)"
    )
    async with shop.other.transaction():
        await shop.other.execute(f"INSERT INTO {lines} VALUES (1, 'x')")
        done = await shop.number()

    assert (done.count, done.skipped) == (1, 1)


async def test_all_rows_of_the_first_tenants_are_locked(shop: Shop) -> None:
    """Others get their numbers, or the caller would stop while there is work to do."""
    await shop.add(*"aabbc")
    async with shop.other.transaction():
        await shop.lock(1, 2, 3)
        first = await shop.number_scoped(limit=1)
        then = await shop.number_scoped(limit=5)
        none = await shop.number_scoped(limit=5)

    assert [(done.count, done.skipped) for done in (first, then, none)] == [
        *((1, 3), (1, 3), (0, 3)),
    ]
    assert await shop.column("code") == [None, None, None, "b-1", "c-1"]


async def test_a_scope_that_changes_while_its_queue_is_waited_for(shop: Shop) -> None:
    """The row isn't numbered in the series that it belonged to, and is left for later."""
    await shop.add(*"aaaa")
    held = await shop.holding(shop.scoped.bind(tenant="a"))
    async with shop.meanwhile(shop.number_scoped) as results:
        await shop.other.execute(f"UPDATE {shop.table} SET tenant = 'b' WHERE id = 1")
        await shop.other.execute(f"UPDATE {shop.table} SET tenant = NULL WHERE id = 2")
        await shop.other.execute(f"DELETE FROM {shop.table} WHERE id = 4")
        await held.rollback()

    assert [done.count for done in results] == [1]
    assert await shop.column("code") == [None, None, "a-1"]
    assert (await shop.number_scoped(where="tenant = 'b'")).count == 1
    assert await shop.column("code") == ["b-1", None, "a-1"]


async def test_two_that_want_the_same_rows(shop: Shop) -> None:
    await shop.add(*"aaaa")
    held = shop.holder.transaction()
    await held.start()
    first = await number_rows(
        shop.holder, shop.plain, f"{shop.table}.number", key="id", limit=3
    )
    async with shop.meanwhile(shop.number) as results:
        await held.commit()

    assert first.count == 3
    assert [(done.count, done.skipped) for done in results] == [(1, 0)]
    assert await shop.column("number") == [1, 2, 3, 4]


async def test_waiting_for_rows(shop: Shop) -> None:
    """What others did to them counts: the order, too."""
    await shop.add(*"abcd")
    held = shop.other.transaction()
    await held.start()
    await shop.other.execute(f"UPDATE {shop.table} SET tenant = 'z' WHERE id = 1")
    await shop.other.execute(f"UPDATE {shop.table} SET number = 70 WHERE id = 2")
    await shop.other.execute(f"DELETE FROM {shop.table} WHERE id = 3")

    async def call() -> NumberedRows:
        return await shop.number(order_by="tenant", locked="wait")

    async with shop.meanwhile(call) as results:
        # The sequence isn't held: others draw while this one waits for a row.
        async with shop.holder.transaction():
            drawn = await shop.plain.next_value(shop.holder, nowait=True)
        await held.commit()

    assert drawn == 1
    assert [(done.count, done.skipped) for done in results] == [(2, 0)]
    assert await shop.column("number") == [3, 70, 2]


async def test_who_draws_first_and_then_saves_a_draft_is_never_waited_for(shop: Shop) -> None:
    """With rows that are skipped there is no deadlock, in whatever order others do it."""
    await shop.add(*"ab")
    held = await shop.holding(shop.plain)
    async with shop.meanwhile(shop.number) as results:
        await shop.holder.execute(f"UPDATE {shop.table} SET number = 1 WHERE id = 1")
        await held.commit()

    assert [(done.count, done.skipped) for done in results] == [(1, 0)]
    assert await shop.column("number") == [1, 2]

    held = shop.holder.transaction()
    await held.start()
    await shop.holder.execute(f"INSERT INTO {shop.table} (id) VALUES (3), (4)")
    await held.commit()
    held = shop.holder.transaction()
    await held.start()
    await shop.holder.execute(f"UPDATE {shop.table} SET note = 'x' WHERE id = 3")
    done = await shop.number()
    assert await shop.plain.next_value(shop.holder) == 4
    await held.rollback()
    assert (done.count, done.skipped) == (1, 1)


async def test_the_deadlock_of_waiting(shop: Shop) -> None:
    """It is told to one of the two, is worth another try, and no number is lost."""
    await shop.add(*"ab")
    await shop.other.execute("SET deadlock_timeout = '1h'")  # the other one finds it
    locked = shop.other.transaction()
    await locked.start()
    await shop.lock(2)
    held = await shop.holding(shop.plain)
    errors: list[Exception] = []

    async def call() -> NumberedRows:
        """Locks row 1, and waits for row 2."""
        try:
            return await shop.number(locked="wait")
        except asyncpg.DeadlockDetectedError as exc:
            errors.append(exc)
            return NumberedRows(0, 0, {})

    async def save() -> None:
        """Has drawn, and saves it in row 1."""
        try:
            await shop.holder.execute(f"UPDATE {shop.table} SET number = 1 WHERE id = 1")
        except asyncpg.DeadlockDetectedError as exc:
            errors.append(exc)
            await held.rollback()
        else:
            await held.commit()

    async with shop.meanwhile(call), anyio.create_task_group() as group:
        group.start_soon(save)
        await shop.observer.until_waiting(shop.holder.get_server_pid())
        await locked.rollback()  # now it locks row 2, and wants the sequence

    [error] = errors
    assert is_retryable(error)
    await shop.number()
    assert sorted(await shop.column("number")) == [1, 2]


@pytest.mark.parametrize("deferred", ["", "DEFERRABLE INITIALLY DEFERRED"])
async def test_one_bad_row_costs_no_number(shop: Shop, deferred: str) -> None:
    """Whether the constraint fails at once or at COMMIT."""
    await shop.add(*"ab")
    await shop.other.execute(f"ALTER TABLE {shop.table} ADD UNIQUE (note) {deferred}")
    await shop.trigger("new.note := 'same'; RETURN new")
    with pytest.raises(asyncpg.UniqueViolationError):
        await shop.number()

    assert await shop.column("number") == [None, None]
    await shop.other.execute(f"DROP TRIGGER odd ON {shop.table}")
    assert (await shop.number()).count == 2
    assert await shop.column("number") == [1, 2]


async def test_a_trigger_that_changes_the_number(shop: Shop) -> None:
    await shop.add(*"ab")
    await shop.trigger("new.number := new.number + 1000; RETURN new")
    with pytest.raises(RowRefused) as caught:
        await shop.number()

    assert (caught.value.key, caught.value.number) == (1, 1)
    assert caught.value.held == "now it holds 1001"
    assert await shop.column("number") == [None, None]
    assert await shop.plain.last_value(shop.other) is None


async def test_rows_that_may_be_seen_and_not_written(shop: Shop, name: str) -> None:
    """Row-level security: what a policy hides isn't there; what it bars is told."""
    await shop.add(*"ab")
    role = f"role_{shop.table}"
    for sql in (
        f"CREATE ROLE {role}",
        f"GRANT ALL ON {shop.table}, aseq_sequence TO {role}",
        f"ALTER TABLE {shop.table} ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY sees ON {shop.table} FOR SELECT TO {role} USING (true)",
        f"CREATE POLICY writes ON {shop.table} FOR UPDATE TO {role} USING (tenant = 'b')",
    ):
        await shop.other.execute(sql)
    try:
        await shop.ours.execute(f"SET ROLE {role}")
        done = await shop.number()
    finally:
        await shop.ours.execute("RESET ROLE")
        await shop.other.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")

    assert done.count == 1
    assert await shop.column("number") == [None, 1]


async def test_too_many_tenants(shop: Shop) -> None:
    await shop.add(*map(str, range(1001)))
    with pytest.raises(InvalidSequence) as caught:
        await shop.number_scoped()
    assert str(caught.value) == (
        "scope has more than 1,000 values among these rows, and one call stands in 1,000 "
        "queues at most: number fewer rows at a time with limit=, or those of some scopes with "
        "where="
    )
    assert (await shop.number_scoped(limit=1000)).count == 1000
    assert (await shop.number_scoped(limit=1000)).count == 1


@pytest.mark.parametrize("when", ["queue", "update"])
async def test_cancelled(shop: Shop, when: str) -> None:
    """While it waits for its turn, and after the draw: nothing can be committed."""
    await shop.add(*"ab")
    await shop.trigger("PERFORM pg_advisory_xact_lock(42); RETURN new")
    held = await shop.holding(shop.plain) if when == "queue" else shop.holder.transaction()
    if when == "update":
        await held.start()
        await shop.holder.execute("SELECT pg_advisory_xact_lock(42)")
    scope = anyio.CancelScope()

    async def call() -> NumberedRows:
        # Not around the transaction: anyio would cancel asyncpg's own ROLLBACK, too.
        transaction = shop.ours.transaction()
        await transaction.start()
        with scope:
            await number_rows(shop.ours, shop.plain, f"{shop.table}.number", key="id")
        await transaction.rollback()
        return NumberedRows(0, 0, {})

    async with shop.meanwhile(call) as results:
        scope.cancel()
    await held.rollback()

    assert results == [NumberedRows(0, 0, {})]
    assert await shop.column("number") == [None, None]
    assert (await shop.number()).count == 2
    assert await shop.column("number") == [1, 2]


async def test_a_cancelled_call_that_the_caller_swallows(shop: Shop) -> None:
    """Who cancels the call alone, and commits, commits nothing."""
    await shop.add(*"ab")
    held = shop.holder.transaction()
    await held.start()
    await shop.holder.execute(f"LOCK TABLE {shop.table} IN SHARE ROW EXCLUSIVE MODE")
    scope = anyio.CancelScope()

    async def call() -> NumberedRows:
        transaction = shop.ours.transaction()
        await transaction.start()
        with scope:
            await number_rows(shop.ours, shop.plain, f"{shop.table}.number", key="id")
        with pytest.raises(asyncpg.InFailedSQLTransactionError):
            await shop.ours.execute("SELECT 1")
        await transaction.rollback()
        return NumberedRows(0, 0, {})

    async with shop.meanwhile(call):
        scope.cancel()
    await held.rollback()
    assert await shop.column("number") == [None, None]


async def test_repeatable_read(shop: Shop) -> None:
    """A row that changed since its snapshot is an error that is worth another try."""
    await shop.add(*"ab")
    async with shop.ours.transaction(isolation="repeatable_read"):
        await shop.ours.fetch("SELECT 1 FROM aseq_sequence")
        await shop.lock(1)
        with pytest.raises(asyncpg.SerializationError) as caught:
            async with shop.ours.transaction():
                await number_rows(shop.ours, shop.plain, f"{shop.table}.number", key="id")

    assert is_retryable(caught.value)
    assert await shop.column("number") == [None, None]


async def test_more_rows_than_a_statement_has_parameters(shop: Shop) -> None:
    await shop.other.execute(f"INSERT INTO {shop.table} (id) SELECT generate_series(1, 33000)")
    done = await shop.number(order_by="-id")

    assert done.count == 33_000
    assert await shop.other.fetchval(f"SELECT bool_and(number = 33001 - id) FROM {shop.table}")
