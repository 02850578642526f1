"""Issuing for many keys in one call, on every kind of connection."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import anyio
import asyncpg
import pytest

from aseq import AsyncSequence, InvalidSequence, LedgerConflict, SequenceLocked
from aseq.ledger import Ledger, create_ledger_sql
from aseq.numbering import Numbering
from tests import clients
from tests.database import Database
from tests.hooked import hooked
from tests.ledger.racing import Races
from tests.ledger.series import JUNE, NEXT_JUNE, rows, yearly
from tests.numbering.midnight import SECOND, new_year, now
from tests.numbering.storming import prepared
from tests.observer import DEADLINE, observing

pytestmark = pytest.mark.only(dialect=("mariadb", "mysql", "postgresql", "sqlite"))

SOME = pytest.mark.only(
    client=(
        clients.SessionPsycopg,
        clients.AiosqliteLegacy,
        clients.SyncSqlite3Legacy,
        clients.SessionAsyncmy,
    )
)


def mod_7(digits: str) -> str:
    return str(int(digits) % 7)


def numbers_of(drawn: dict[str, Any]) -> list[tuple[str, int]]:
    return [
        (key, each if isinstance(each, int) else each.number) for key, each in drawn.items()
    ]


async def test_many_keys(database: Database, ledger: Ledger, name: str) -> None:
    """Keys keep the numbers that they have, after New Year, too; the others get the next."""
    numbers = yearly(name, scope=["tenant"])
    with hooked() as told:
        async with database.connect() as client:
            async with client.transaction():
                had = await ledger.issue(client.conn, numbers, key="b", tenant=1, at=JUNE)
            async with client.transaction():
                first = await ledger.issue_many(
                    client.conn,
                    numbers,
                    keys=["c", "b", "a"],
                    by="ann",
                    note="%",
                    tenant=1,
                    at=JUNE,
                )
            async with client.transaction():
                again = await ledger.issue_many(
                    client.conn, numbers, keys=["a", "b", "d"], tenant=1, at=NEXT_JUNE
                )
                other = await ledger.issue_many(client.conn, numbers, keys=["a"], tenant=2)
    assert numbers_of(first) == [("c", 2), ("b", 1), ("a", 3)]
    assert first["b"] == had
    assert numbers_of(again) == [("a", 3), ("b", 1), ("d", 1)]
    assert again["a"] == first["a"]
    assert (again["d"].text, again["d"].at) == ("INV-2027-00001", NEXT_JUNE)
    assert other["a"].number == 1
    assert [each.count for each in told] == [1, 2, 1, 1]
    columns = "number, text, document_key, issued_by, note, state"
    assert rows(database, ledger, f"{name}/tenant=1", columns) == [
        (1, "INV-2026-00001", "b", None, None, "issued"),
        (2, "INV-2026-00002", "c", "ann", "%", "issued"),
        (3, "INV-2026-00003", "a", "ann", "%", "issued"),
        (1, "INV-2027-00001", "d", None, None, "issued"),
    ]


@SOME
async def test_the_databases_clock(database: Database, ledger: Ledger, name: str) -> None:
    """What one call has issued at a moment, another gives as of the same moment."""
    numbers = Numbering(name, "{year}-{number}-{check}", period="year", tz="UTC", check=mod_7)
    async with database.connect() as client:
        async with client.transaction():
            first = await ledger.issue_many(client.conn, numbers, keys=["a", "b"])
        async with client.transaction():
            assert await ledger.issue_many(client.conn, numbers, keys=["b", "a"]) == first
            assert await ledger.issue(client.conn, numbers, key="b") == first["b"]
            assert (await ledger.issue(client.conn, numbers, key="c")).number == 3


@SOME
async def test_a_rollback_takes_all_back(database: Database, ledger: Ledger, name: str) -> None:
    seq = AsyncSequence(name, 5, step=-5)
    async with database.connect() as client:
        with suppress(ZeroDivisionError):
            async with client.transaction():
                await ledger.issue_many(client.conn, seq, keys=["a", "b"])
                raise ZeroDivisionError
        assert database.last(name) is None
        async with client.transaction():
            drawn = await ledger.issue_many(client.conn, seq, keys=["ü %s :x", "'"])
            assert await ledger.issue_many(client.conn, seq, keys=[]) == {}
    assert drawn == {"ü %s :x": 5, "'": 0}
    assert rows(database, ledger, name, "number, document_key") == [(0, "'"), (5, "ü %s :x")]


@SOME
async def test_a_number_that_is_there(database: Database, ledger: Ledger, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        async with client.transaction():
            await ledger.issue_many(client.conn, seq, keys=["a", "b"])
        async with client.transaction():
            await seq.delete(client.conn)
        with pytest.raises(LedgerConflict, match="its next number is in the ledger"):
            async with client.transaction():
                await ledger.issue_many(client.conn, seq, keys=["c", "d", "e"])
    assert database.last(name) is None


@pytest.mark.only(client=clients.AsyncpgPool)
async def test_bad_input_sends_nothing(database: Database, ledger: Ledger, name: str) -> None:
    seq = AsyncSequence(name)
    bad: list[tuple[str, Any, dict[str, Any]]] = [
        ("keys must be a list of keys, not 'abc'", "abc", {}),
        ("keys must be a list of keys, not 7", 7, {}),
        ("keys has 'a' twice: a key is for one document", ["a", "b", "a"], {}),
        ("keys has 10,001, and one call takes 10,000", list(map(str, range(10_001))), {}),
        ("keys must be a str, not int", ["a", 7], {}),
        ("keys must not be empty", [" "], {}),
        ("keys must have at most 200 characters", ["k" * 201], {}),
        ("by must not be empty", ["a"], {"by": ""}),
        ("tenant is for a Numbering", ["a"], {"tenant": 1}),
        ("timeout must be positive", ["a"], {"timeout": 0}),
    ]
    async with database.connect() as client, client.transaction():
        for message, keys, options in bad:
            with pytest.raises(InvalidSequence, match=message):
                await ledger.issue_many(client.conn, seq, keys=keys, **options)
        with pytest.raises(InvalidSequence, match="sequence loops"):
            await ledger.issue_many(client.conn, AsyncSequence(name, 1, 3), keys=[])
        assert await ledger.issue_many(client.conn, seq, keys=("a",)) == {"a": 1}


@pytest.mark.only(client=(clients.AsyncpgPool, clients.AiosqliteLegacy, clients.SessionAsyncmy))
async def test_thousands(database: Database, ledger: Ledger, name: str) -> None:
    numbers, keys = yearly(name), [f"order {i}" for i in range(2_000)]
    async with database.connect() as client:
        async with client.transaction():
            drawn = await ledger.issue_many(client.conn, numbers, keys=keys)
        async with client.transaction():
            assert await ledger.issue_many(client.conn, numbers, keys=keys[::-1]) == drawn
    assert numbers_of(drawn) == [(key, i) for i, key in enumerate(keys, 1)]


@pytest.fixture
def asyncpgs(postgres: str) -> Database:
    database = prepared(clients.Asyncpg, postgres)
    database.run(create_ledger_sql("postgresql"))
    return database


async def test_a_repeat_takes_no_lock(asyncpgs: Database, name: str) -> None:
    """Only if all have their numbers; else it waits, or says that it would have to."""
    ledger, seq = Ledger(), AsyncSequence(name)
    async with asyncpgs.connect() as one, asyncpgs.connect() as other:
        async with one.transaction():
            await ledger.issue_many(one.conn, seq, keys=["a", "b"])
        async with one.transaction():
            await ledger.issue(one.conn, seq, key="c")
            async with other.transaction():
                with anyio.fail_after(DEADLINE):
                    drawn = await ledger.issue_many(
                        other.conn, seq, keys=["b", "a"], nowait=True
                    )
                assert drawn == {"b": 2, "a": 1}
                with pytest.raises(SequenceLocked):
                    await ledger.issue_many(other.conn, seq, keys=["b", "x"], nowait=True)
            with pytest.raises(SequenceLocked):
                async with other.transaction():
                    await ledger.issue_many(other.conn, seq, keys=["b", "x"], timeout=0.05)
        async with other.transaction():
            drawn = await ledger.issue_many(other.conn, seq, keys=["x", "c"], timeout=5)
    assert drawn == {"x": 4, "c": 3}


@pytest.mark.parametrize("isolation", ["read_committed", "repeatable_read"])
async def test_two_calls_with_keys_in_common(
    asyncpgs: Database, name: str, isolation: str
) -> None:
    """Over a New Year, and in opposite orders."""
    ledger, midnight = Ledger(), now() + SECOND
    numbers = new_year(name, midnight, "east")

    async def both(conn: asyncpg.Connection, key: str) -> tuple[str, ...]:
        keys = [f"{key}-{i}" for i in range(4)]
        own = asyncio.current_task()
        if own is not None and hash(own) % 2:
            keys.reverse()
        drawn = await ledger.issue_many(conn, numbers, keys=keys[:3])
        drawn |= await ledger.issue_many(conn, numbers, keys=keys)
        return tuple(drawn[key].text for key in sorted(keys))

    async with asyncpg.create_pool(asyncpgs.url, min_size=3, max_size=3) as pool:
        races, turn = Races(isolation, both), 0
        while now() < midnight + SECOND / 2:
            await races.run(pool, [f"order {turn}"], rivals=3)
            turn += 1
    assert not races.errors
    assert all(len(set(drawn)) == 1 for drawn in races.numbers.values())
    counted = asyncpgs.run(
        "SELECT sum(s.last), (SELECT count(*) FROM aseq_ledger AS l WHERE l.series = "
        f"'{name}') FROM aseq_sequence AS s WHERE s.name LIKE '{name}/%'"
    )
    assert counted == [(4 * turn, 4 * turn)]


async def test_what_somebody_got_while_it_waited(asyncpgs: Database, name: str) -> None:
    ledger, seq = Ledger(), AsyncSequence(name)
    async with asyncpgs.connect() as one, asyncpgs.connect() as other:
        first = one.conn.transaction()
        await first.start()
        assert await ledger.issue(one.conn, seq, key="b") == 1

        async def late() -> dict[str, int]:
            async with other.conn.transaction():
                return await ledger.issue_many(other.conn, seq, keys=["a", "b", "c"])

        with observing(asyncpgs.url) as observer:
            task = asyncio.create_task(late())
            await observer.until_waiting(other.conn.get_server_pid())
            await first.commit()
        assert await task == {"a": 2, "b": 1, "c": 3}
