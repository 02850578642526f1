"""Who holds a sequence on MariaDB and MySQL: what InnoDB lists, and what it doesn't."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import anyio
import pytest

from aseq import AsyncSequence, Holder, create_table_sql, holders
from tests import clients
from tests.blocks import backend_pid, undone
from tests.clients import Client
from tests.database import Database
from tests.observer import DEADLINE

pytestmark = pytest.mark.only(dialect=("mariadb", "mysql"), awaited=True)
DRIVERS = pytest.mark.only(client=clients.Asyncmy)

PAUSE = 0.15
"""Seconds until MariaDB looks anew: it copies its lists if nobody has asked for 0.1 s."""


async def ask(client: Client, *what: Any) -> list[Holder]:
    async with client.transaction():
        return await holders(client.conn, *what)


async def until(
    client: Client, seq: AsyncSequence, found: Callable[[list[Holder]], bool]
) -> list[Holder]:
    """What is told as soon as it is so."""
    with anyio.fail_after(DEADLINE):
        while not found(seen := await ask(client, seq)):  # noqa: ASYNC110  # only who asks is told
            await anyio.sleep(PAUSE)
        return seen


def waits(pid: int) -> Callable[[list[Holder]], bool]:
    return lambda seen: any(each.pid == pid and not each.holds for each in seen)


def has(pid: int) -> Callable[[list[Holder]], bool]:
    return lambda seen: any(each.pid == pid for each in seen)


async def draw(client: Client, seq: AsyncSequence) -> None:
    async with undone(client.transaction()):
        await seq.next_value(client.conn)


@pytest.mark.parametrize("new", [False, True])
async def test_somebody_waits(database: Database, name: str, new: bool) -> None:
    seq = AsyncSequence(f"{name} 'x' \\ ü 🎉")
    async with database.connect() as holder, database.connect() as waiter:  # noqa: SIM117
        async with database.connect() as asking, anyio.create_task_group() as tasks:
            pids = [await backend_pid(each) for each in (holder, waiter)]
            if not new:
                async with holder.transaction():
                    await seq.next_value(holder.conn)
            async with asking.transaction():
                await asking.execute("SET time_zone = '+09:00'")
            async with holder.transaction():
                await seq.next_value(holder.conn)
                tasks.start_soon(draw, waiter, seq)
                seen = await until(asking, seq, waits(pids[1]))

    assert [(each.holds, each.pid, each.certain) for each in seen] == [
        (True, pids[0], True),
        (False, pids[1], True),
    ]
    assert [each.state for each in seen] == ["Sleep", "Query"]
    assert [each.own for each in seen] == [False, False]
    for each in seen:
        assert (each.sequence, each.user) == (seq.name, "root")
        assert each.since is not None
        assert timedelta(seconds=-1) <= each.asked_at - each.since < timedelta(minutes=1)


@pytest.mark.parametrize("new", [False, True])
async def test_nobody_waits(database: Database, name: str, new: bool) -> None:
    """A lock that is listed is certain: on MySQL, that of a row that others can see."""
    seq = AsyncSequence(name)
    async with database.connect() as holder, database.connect() as asking:
        pid = await backend_pid(holder)
        if not new:
            async with holder.transaction():
                await seq.next_value(holder.conn)
        async with holder.transaction():
            await seq.next_value(holder.conn)
            seen = await until(asking, seq, has(pid))
            [held] = [each for each in seen if each.pid == pid]
        freed = await until(asking, seq, lambda seen: not has(pid)(seen))

    assert held.holds
    assert held.certain is (database.case.dialect == "mysql" and not new)
    if held.certain:
        assert seen == [held]
        assert freed == []


@DRIVERS
async def test_a_holder_may_ask_itself(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client, client.transaction():
        await seq.next_value(client.conn)
        with anyio.fail_after(DEADLINE):
            while not any(each.own for each in await holders(client.conn, seq)):  # noqa: ASYNC110
                await anyio.sleep(PAUSE)


@DRIVERS
async def test_a_table_with_another_key(database: Database, name: str) -> None:
    """Its name is unique; InnoDB tells the primary key behind it.

    On MySQL, others wait for another row of its: that they wait for this one, nobody tells.
    """
    table = name.replace("-", "_")
    made = create_table_sql(database.case.dialect, table)
    database.run(made.replace("PRIMARY KEY (name)", "id serial PRIMARY KEY, UNIQUE (name)"))
    database.run(f"INSERT INTO {table} (name, last) VALUES ('a', 1), ('a, b', 1)")
    seq = AsyncSequence("a, b", table=table)
    async with database.connect() as holder, database.connect() as waiter:  # noqa: SIM117
        async with database.connect() as asking, anyio.create_task_group() as tasks:
            pids = [await backend_pid(each) for each in (holder, waiter)]
            async with holder.transaction():
                await seq.next_value(holder.conn)
                if database.case.dialect == "mariadb":
                    tasks.start_soon(draw, waiter, seq)
                    seen = await until(asking, seq, waits(pids.pop()))
                    assert not seen.pop().holds
                else:
                    seen = await until(asking, seq, has(pids[0]))

    assert [(each.holds, each.certain, each.pid) for each in seen] == [(True, True, pids[0])]


@DRIVERS
async def test_the_gap_before_a_row_is_not_the_row(database: Database, name: str) -> None:
    """At REPEATABLE READ, whoever looks for what isn't there locks what would come after it."""
    if database.case.dialect == "mariadb":
        pytest.skip("there nothing is listed while nobody waits")
    seq = AsyncSequence(f"{name}-b")
    async with database.connect() as other, database.connect() as asking:
        pid = await backend_pid(other)
        async with other.transaction():
            await seq.next_value(other.conn)
        async with other.transaction():
            await other.scalar(
                f"SELECT COUNT(*) FROM aseq_sequence WHERE name = '{name}-a' FOR UPDATE"
            )
            assert not has(pid)(await ask(asking, seq))
            await seq.next_value(other.conn)
            assert has(pid)(await ask(asking, seq))


@DRIVERS
async def test_another_table(database: Database, name: str) -> None:
    """Of the same sequence's name: what is certain there isn't told here."""
    table = name.replace("-", "_")
    database.run(create_table_sql(database.case.dialect, table))
    one, other = AsyncSequence(name), AsyncSequence(name, table=table)
    schema = database.run("SELECT DATABASE()")[0][0]
    elsewhere = AsyncSequence(name, table=f"{schema}.{table}")
    async with database.connect() as holder, database.connect() as waiter:  # noqa: SIM117
        async with database.connect() as asking, anyio.create_task_group() as tasks:
            pid = await backend_pid(waiter)
            async with holder.transaction():
                await other.next_value(holder.conn)
                tasks.start_soon(draw, waiter, other)
                seen = await until(asking, elsewhere, waits(pid))
                await anyio.sleep(PAUSE)
                assert [each for each in await ask(asking, one) if each.certain] == []

    assert [each.holds for each in seen] == [True, False]
    assert all(each.certain for each in seen)


@DRIVERS
async def test_who_may_not_look(database: Database, name: str) -> None:
    """The server says what is missing."""
    schema = database.run("SELECT DATABASE()")[0][0]
    user = f"u{name[-12:]}".replace("-", "")
    for host in ("127.0.0.1", "localhost"):
        database.run(f"CREATE USER {user}@'{host}'")
        database.run(f"GRANT ALL ON `{schema}`.* TO {user}@'{host}'")
    plain = Database(database.case, database.url.replace("root@", f"{user}@"))
    async with plain.connect() as client, client.transaction():
        with pytest.raises(Exception, match=r"PROCESS privilege|denied .* 'data_locks'"):
            await holders(client.conn, AsyncSequence(name))
        assert await AsyncSequence(name).next_value(client.conn) == 1
    right = {"mariadb": "PROCESS ON *.*", "mysql": "SELECT ON performance_schema.*"}
    for host in ("127.0.0.1", "localhost"):
        database.run(f"GRANT {right[database.case.dialect]} TO {user}@'{host}'")
    async with plain.connect() as client:
        pid = await backend_pid(client)
        async with plain.connect() as asking, client.transaction():
            await AsyncSequence(name).next_value(client.conn)
            await until(asking, AsyncSequence(name), has(pid))
    for host in ("127.0.0.1", "localhost"):
        database.run(f"DROP USER {user}@'{host}'")
