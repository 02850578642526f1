"""The caller's own work inside a group's transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text

from aseq import NotIssuable
from aseq.issuing import Issued, Issuer
from tests.issuing.troubled import Drafts

Run = Callable[[Any, str], Awaitable[object]]


async def run(conn: Any, sql: str) -> None:
    """Run a statement on what a hook gets."""
    await conn.execute(text(sql) if "sqlalchemy" in type(conn).__module__ else sql)


@pytest.fixture
async def events(table: Drafts) -> AsyncIterator[str]:
    """A table for events."""
    name = f"{table.name}_event"
    table.run(f"CREATE TABLE {name} (key bigint, number bigint)")
    table.run(f"GRANT ALL ON {name} TO aseq_clerk")
    yield name
    table.run(f"DROP TABLE {name}")


def rows(table: Drafts, name: str) -> dict[int, int]:
    return dict(table.run(f"SELECT key, number FROM {name}"))


async def test_events_are_written_for_what_was_issued(
    table: Drafts, source: Any, events: str
) -> None:
    calls = []

    async def write(conn: Any, issued: Sequence[Issued]) -> None:
        calls.append(len(issued))
        for each in issued:
            await run(conn, f"INSERT INTO {events} VALUES ({each.key}, {each.number})")

    keys = [*table.add_many(5), table.add("raise"), table.add("deferred"), *table.add_many(5)]
    async with Issuer(
        source, table.sequence, table.column, key="id", on_issued=write
    ) as issuer:
        await asyncio.gather(*map(issuer.issue, keys), return_exceptions=True)

    assert rows(table, events) == table.numbers()
    assert len(table.numbers()) == 10
    table.check_gapless()
    assert 1 in calls, "it was called with fewer rows, too"


async def swallow(conn: Any) -> None:
    try:
        await run(conn, "SELECT 1 / 0")
    except Exception:
        return


async def fail(_conn: Any) -> None:
    raise ZeroDivisionError


async def roll_back(conn: Any) -> None:
    await run(conn, "ROLLBACK")


async def await_what_was_cancelled(_conn: Any) -> None:
    task = asyncio.create_task(asyncio.sleep(60))
    task.cancel()
    await task


FAULTS = {
    "raises": fail,
    "awaits what was cancelled": await_what_was_cancelled,
    "swallows an error of the database's": swallow,
    "rolls back": roll_back,
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_its_faults_are_those_of_the_row(table: Drafts, source: Any, fault: str) -> None:
    """Whatever it does: nobody is told what isn't saved, and the others are numbered."""
    keys = table.add_many(9)

    async def hook(conn: Any, issued: Sequence[Issued]) -> None:
        if any(each.key == keys[4] for each in issued):
            await FAULTS[fault](conn)

    async with Issuer(
        source, table.sequence, table.column, key="id", on_issued=hook, timeout=3
    ) as issuer:
        told = await asyncio.gather(*map(issuer.issue, keys), return_exceptions=True)

    assert isinstance(told[4], ZeroDivisionError if fault == "raises" else Exception)
    assert table.numbers() == {
        key: number for key, number in zip(keys, told, strict=True) if key != keys[4]
    }
    table.check_gapless()


async def test_a_tenant_is_set_at_the_beginning(table: Drafts, source: Any) -> None:
    table.run(f"DROP POLICY p ON {table.name}")
    table.run(
        f"CREATE POLICY p ON {table.name} USING (tenant = current_setting('my.tenant', true))"
    )
    mine, others = table.add(tenant="mine"), table.add(tenant="others")

    async def set_tenant(conn: Any) -> None:
        await run(conn, "SELECT set_config('my.tenant', 'mine', true)")

    async with Issuer(
        source, table.sequence, table.column, key="id", on_begin=set_tenant
    ) as issuer:
        assert await issuer.issue(mine) == 1
        with pytest.raises(NotIssuable):
            await issuer.issue(others)


async def test_what_it_raises_at_the_beginning_is_told_to_all(
    table: Drafts, source: Any
) -> None:
    async def begin(conn: Any) -> None:
        if wrong:
            await wrong[0](conn)

    faults = [(fail, ZeroDivisionError), (await_what_was_cancelled, RuntimeError)]
    wrong, keys = list[Any](), table.add_many(3)
    async with Issuer(source, table.sequence, table.column, key="id", on_begin=begin) as issuer:
        for fault, error in faults:
            wrong[:] = [fault]
            told = await asyncio.gather(*map(issuer.issue, keys), return_exceptions=True)
            assert [type(each) for each in told] == [error] * 3
        wrong.clear()
        assert await issuer.issue(keys[0]) == 1


@pytest.mark.parametrize("hook", ["on_begin", "on_issued"])
async def test_a_connection_that_is_lost_in_a_hook(
    table: Drafts, source: Any, hook: str
) -> None:
    """It isn't the row's fault: the issuer asks again, as for any lost connection."""
    calls = 0

    async def lose(conn: Any, *_issued: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            with suppress(Exception):
                await run(conn, "SELECT pg_terminate_backend(pg_backend_pid())")
            await run(conn, "SELECT 1")

    hooks: dict[str, Any] = {hook: lose}
    async with Issuer(source, table.sequence, table.column, key="id", **hooks) as issuer:
        assert await issuer.issue(table.add()) == 1

    assert calls == 2
    table.check_gapless()
