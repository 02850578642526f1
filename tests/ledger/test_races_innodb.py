"""On MariaDB and MySQL: one key, one number, at each isolation level, and no gap."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import pytest

from aseq import AsyncSequence, InvalidSequence, LedgerConflict, SequenceLocked, is_retryable
from aseq._loss import UNUSABLE_NOTE
from aseq.ledger import Ledger
from aseq.testing import assert_gapless
from tests import clients
from tests.clients.mysql import AsyncmyPool, is_open
from tests.database import Database
from tests.hooked import hooked
from tests.ledger.series import JUNE, NEXT_JUNE, yearly
from tests.observer import DEADLINE, observing

pytestmark = pytest.mark.only(dialect=("mariadb", "mysql"), client=clients.Asyncmy)
ISOLATED = pytest.mark.parametrize(
    "isolation", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]
)
ROUNDS = 25


@asynccontextmanager
async def connected(database: Database, isolation: str) -> AsyncIterator[clients.Asyncmy]:
    """A connection at an isolation level, which it keeps when it has to connect anew."""
    async with database.connect() as client:
        assert isinstance(client, clients.Asyncmy)
        opened = client.open

        async def open_() -> None:
            await opened()
            await client.execute(f"SET SESSION TRANSACTION ISOLATION LEVEL {isolation}")

        client.open = open_  # type: ignore[method-assign]
        await client.execute(f"SET SESSION TRANSACTION ISOLATION LEVEL {isolation}")
        yield client


async def late(database: Database, first: clients.Asyncmy, work: Any) -> Any:
    """What `work` comes to, which waits for the transaction of another connection."""
    with observing(database.url) as observer:
        task = asyncio.ensure_future(work)
        await observer.until_waiting(0)
        await first.conn.commit()
    with anyio.fail_after(DEADLINE):
        return await task


def noted(database: Database, ledger: Ledger) -> dict[str, list[int]]:
    """The numbers of each sequence."""
    found: dict[str, list[int]] = {}
    sql = f"SELECT sequence, number FROM {ledger.table} ORDER BY sequence, number"
    for sequence, number in database.run(sql):
        found.setdefault(sequence, []).append(number)
    return found


def check_gapless(database: Database, ledger: Ledger, name: str) -> None:
    """The ledger has all that the counters gave."""
    for sequence, numbers in noted(database, ledger).items():
        assert_gapless(numbers)
        assert database.last(sequence) == numbers[-1]
    counters = database.run(f"SELECT name FROM aseq_sequence WHERE name LIKE '{name}%'")
    assert {counter for (counter,) in counters} == {*noted(database, ledger)}


@ISOLATED
async def test_requests_with_one_key(
    database: Database, own_ledger: Ledger, name: str, isolation: str
) -> None:
    """Nobody has to try again, the very first number excepted."""
    seq, numbers, errors = AsyncSequence(name), dict[str, list[int]](), list[Exception]()

    async def one(client: clients.Asyncmy, key: str) -> None:
        try:
            async with client.transaction():
                drawn = await own_ledger.issue(client.conn, seq, key=key)
        except Exception as exc:
            errors.append(exc)
        else:
            numbers.setdefault(key, []).append(drawn)

    async with (
        connected(database, isolation) as a,
        connected(database, isolation) as b,
        connected(database, isolation) as c,
    ):
        await one(a, "first")
        for turn in range(ROUNDS):
            await asyncio.gather(one(a, f"k{turn}"), one(b, f"k{turn}"), one(c, f"other{turn}"))
    assert not errors
    assert all(len(set(drawn)) == 1 for drawn in numbers.values())
    assert database.last(name) == 1 + 2 * ROUNDS
    check_gapless(database, own_ledger, name)


@pytest.mark.parametrize("isolation", ["READ UNCOMMITTED", "REPEATABLE READ"])
@pytest.mark.parametrize("many", [False, True])
async def test_a_key_whose_number_is_rolled_back(
    database: Database, own_ledger: Ledger, name: str, isolation: str, many: bool
) -> None:
    """Nobody who asked for it meanwhile has that number: the next one gets it."""
    seq = AsyncSequence(name)
    async with connected(database, isolation) as one, connected(database, isolation) as other:
        async with one.transaction():
            await own_ledger.issue(one.conn, seq)
        await one.conn.begin()
        assert await own_ledger.issue(one.conn, seq, key="a") == 2
        await other.conn.begin()
        if many:
            work: Any = own_ledger.issue_many(other.conn, seq, keys=["b", "a"])
        else:
            work = own_ledger.issue(other.conn, seq, key="a")
        with observing(database.url) as observer:
            task = asyncio.ensure_future(work)
            await observer.until_waiting(0)
            await one.conn.rollback()
        with anyio.fail_after(DEADLINE):
            assert await task == ({"b": 2, "a": 3} if many else 2)
        await other.conn.commit()
        async with one.transaction():
            assert await own_ledger.issue(one.conn, seq, key="c") == (4 if many else 3)
    check_gapless(database, own_ledger, name)


@ISOLATED
@pytest.mark.parametrize("there", [False, True])
async def test_a_key_of_the_old_year_that_came_meanwhile(
    database: Database, own_ledger: Ledger, name: str, isolation: str, there: bool
) -> None:
    """The counters are two, so only the ledger can tell. What was drawn is given back."""
    numbers = yearly(name)
    async with connected(database, isolation) as one, connected(database, isolation) as other:
        if there:
            async with one.transaction():
                await own_ledger.issue(one.conn, numbers, key="0", at=NEXT_JUNE)
        await other.conn.begin()
        if isolation == "REPEATABLE READ":  # from here on, it sees what is there now
            await other.scalar("SELECT COUNT(*) FROM aseq_sequence")
        await one.conn.begin()
        had = await own_ledger.issue(one.conn, numbers, key="a", at=JUNE)
        again = own_ledger.issue(other.conn, numbers, key="a", at=NEXT_JUNE)
        assert await late(database, one, again) == had
        await other.conn.commit()
        assert database.last(f"{name}/2027") == (1 if there else None)
        await other.conn.begin()
        new = await own_ledger.issue(other.conn, numbers, key="b", at=NEXT_JUNE)
        await other.conn.commit()
    assert new.number == (2 if there else 1)
    check_gapless(database, own_ledger, name)


@ISOLATED
async def test_keys_of_the_old_year_that_came_meanwhile(
    database: Database, own_ledger: Ledger, name: str, isolation: str
) -> None:
    numbers = yearly(name)
    async with connected(database, isolation) as one, connected(database, isolation) as other:
        await one.conn.begin()
        had = await own_ledger.issue(one.conn, numbers, key="b", at=JUNE)
        await other.conn.begin()
        with hooked() as told:
            many = own_ledger.issue_many(
                other.conn, numbers, keys=["a", "b", "c"], at=NEXT_JUNE
            )
            drawn = await late(database, one, many)
        await other.conn.commit()
    assert {key: each.text for key, each in drawn.items()} == {
        "a": "INV-2027-00001",
        "b": had.text,
        "c": "INV-2027-00002",
    }
    assert [each.count for each in told] == [2]
    check_gapless(database, own_ledger, name)


@ISOLATED
async def test_the_same_keys_in_two_calls(
    database: Database, own_ledger: Ledger, name: str, isolation: str
) -> None:
    seq, keys = AsyncSequence(name), ["a", "b", "c"]
    async with connected(database, isolation) as one, connected(database, isolation) as other:
        await one.conn.begin()
        first = await own_ledger.issue_many(one.conn, seq, keys=keys)
        await other.conn.begin()
        many = own_ledger.issue_many(other.conn, seq, keys=keys[::-1])
        assert await late(database, one, many) == first
        assert await own_ledger.issue(other.conn, seq, key="d") == 4
        await other.conn.commit()
    check_gapless(database, own_ledger, name)


async def test_a_snapshot_that_is_older_than_the_number(
    database: Database, own_ledger: Ledger, name: str
) -> None:
    """Also where the server is set up to refuse what has changed since."""
    seq = AsyncSequence(name)
    async with (
        connected(database, "REPEATABLE READ") as one,
        connected(database, "REPEATABLE READ") as other,
    ):
        async with one.transaction():
            await own_ledger.issue(one.conn, seq, key="a")
        async with other.transaction():
            await other.scalar(f"SELECT COUNT(*) FROM {own_ledger.table}")
            async with one.transaction():
                assert await own_ledger.issue(one.conn, seq, key="b") == 2
                await own_ledger.void(one.conn, 1, of=seq, reason="x")
            assert await own_ledger.issue(other.conn, seq, key="b") == 2
            assert await own_ledger.issue_many(other.conn, seq, keys=["b", "c"]) == {
                "b": 2,
                "c": 3,
            }
            assert not await own_ledger.void(other.conn, 1, of=seq, reason="x")
    check_gapless(database, own_ledger, name)


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
async def test_a_repeat_waits_for_nobody(
    database: Database, own_ledger: Ledger, name: str, isolation: str
) -> None:
    seq = AsyncSequence(name)
    async with connected(database, isolation) as one, connected(database, isolation) as other:
        async with one.transaction():
            await own_ledger.issue_many(one.conn, seq, keys=["a", "b"])
        async with one.transaction():
            await own_ledger.issue(one.conn, seq, key="c")
            async with other.transaction():
                with anyio.fail_after(DEADLINE):
                    assert await own_ledger.issue(other.conn, seq, key="a") == 1
                    assert await own_ledger.issue_many(
                        other.conn, seq, keys=["b", "a"], nowait=True
                    ) == {"b": 2, "a": 1}
                for _ in "ab":  # and the transaction stays usable
                    with pytest.raises(SequenceLocked):
                        await own_ledger.issue(other.conn, seq, key="d", nowait=True)
                with pytest.raises(SequenceLocked):
                    await own_ledger.issue_many(other.conn, seq, keys=["a", "d"], nowait=True)
                assert await own_ledger.issue(other.conn, seq, key="a") == 1


@pytest.mark.parametrize("key", [None, "b"])
async def test_not_longer_than(
    database: Database, own_ledger: Ledger, name: str, key: str | None
) -> None:
    """The transaction is usable after it. MySQL can't bound it, and says so beforehand."""
    seq = AsyncSequence(name)
    if database.case.dialect == "mysql":
        async with database.connect() as client, client.transaction():
            with pytest.raises(InvalidSequence, match="timeout can't be kept on MySQL"):
                await own_ledger.issue(client.conn, seq, key=key, timeout=5)
            assert await own_ledger.issue(client.conn, seq, key=key) == 1
        return
    async with database.connect() as one, database.connect() as other:
        async with one.transaction():
            await own_ledger.issue(one.conn, seq)
            async with other.transaction():
                with pytest.raises(SequenceLocked):
                    await own_ledger.issue(other.conn, seq, key=key, timeout=0.1)
                assert await other.scalar("SELECT 1") == 1
        async with other.transaction():
            assert await own_ledger.issue(other.conn, seq, key=key, timeout=5) == 2


async def test_not_waiting_for_a_key_of_another_year(
    database: Database, own_ledger: Ledger, name: str
) -> None:
    """The sequence is free, and was drawn from by then: all is lost, and the error says so."""
    if database.case.dialect == "mysql":
        pytest.skip("waits, as no INSERT of MySQL's can be told not to")
    numbers = yearly(name)
    async with database.connect() as one, database.connect() as other, one.transaction():
        await own_ledger.issue(one.conn, numbers, key="a", at=JUNE)
        await other.conn.begin()
        with pytest.raises(SequenceLocked) as caught:
            await own_ledger.issue(other.conn, numbers, key="a", at=NEXT_JUNE, nowait=True)
        assert getattr(caught.value.__cause__, "__notes__", []) == [UNUSABLE_NOTE]
        assert not is_open(other.conn)
    check_gapless(database, own_ledger, name)


async def test_a_deadlock_while_the_row_is_written(
    database: Database, own_ledger: Ledger, name: str
) -> None:
    """The server has rolled all back: nothing can be committed, whatever is caught."""
    numbers = yearly(name)
    async with database.connect() as one, database.connect() as other:
        await one.conn.begin()
        for number in range(50):  # who has written more wins
            await one.save(f"{name}-one", number)
        had = await own_ledger.issue(one.conn, numbers, key="a", at=JUNE)

        async def swallowed() -> Exception | None:
            await other.conn.begin()
            await other.save(f"{name}-other", 1)
            try:
                await own_ledger.issue(other.conn, numbers, key="a", at=NEXT_JUNE)
            except Exception as exc:
                with suppress(Exception):
                    await other.save(f"{name}-other", 2)
                    await other.conn.commit()
                return exc
            return None

        with observing(database.url) as observer:
            task = asyncio.ensure_future(swallowed())
            await observer.until_waiting(0)
            new = await own_ledger.issue(one.conn, numbers, key="b", at=NEXT_JUNE)
            await one.conn.commit()
        caught = await task
    assert caught is not None
    assert is_retryable(caught)
    assert (had.number, new.number) == (1, 1)
    assert database.saved(f"{name}-other") == []
    check_gapless(database, own_ledger, name)


async def test_round_trips(database: Database, own_ledger: Ledger, name: str) -> None:
    """By the server's count of what it was asked. MySQL tells the clock in one of its own."""
    seq, new = AsyncSequence(name), 3 if database.case.dialect == "mysql" else 2
    cases: list[tuple[int, dict[str, Any]]] = [
        *((new, {}), (new + 1, {"key": "a"}), (1, {"key": "a"})),
    ]

    async def asked() -> int:
        row = "SELECT VARIABLE_VALUE FROM {}.session_status WHERE VARIABLE_NAME = 'Questions'"
        schema = {"mariadb": "information_schema", "mysql": "performance_schema"}
        return int(await client.scalar(row.format(schema[database.case.dialect])))

    pool = AsyncmyPool(database.url)
    await pool.open()
    client = pool
    try:
        await own_ledger.issue(client.conn, seq)  # the engine of a table is asked for once
        for count, options in cases:
            before = await asked()
            await own_ledger.issue(client.conn, seq, **options)
            assert await asked() - before - 1 == count, options
        for count, keys in ((new + 1, ["a", "b"]), (1, ["b", "a"]), (new + 1, ["c", "b"])):
            before = await asked()
            await own_ledger.issue_many(client.conn, seq, keys=keys)
            assert await asked() - before - 1 == count, keys
        before = await asked()
        await own_ledger.void(client.conn, 1, of=seq, reason="x")
        assert await asked() - before - 1 == 1
        await client.commit()
    finally:
        await pool.close()


async def test_another_constraint_isnt_taken_for_the_key(
    database: Database, own_ledger: Ledger, name: str
) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        async with client.transaction():
            await own_ledger.issue(client.conn, seq, key="a")
        database.run(f"DELETE FROM aseq_sequence WHERE name = '{name}'")
        for keys in (["b"], ["a", "b"]):
            with pytest.raises(LedgerConflict, match="is in the ledger"):
                async with client.transaction():
                    await own_ledger.issue_many(client.conn, seq, keys=keys)
        with pytest.raises(LedgerConflict, match="is in the ledger"):
            async with client.transaction():
                await own_ledger.issue(client.conn, seq)
    assert database.last(name) is None


async def test_a_name_that_the_server_tells_in_another_way(
    database: Database, own_ledger: Ledger, name: str
) -> None:
    """MariaDB names no table, but what is twice: cut, and not each character as it is."""
    suffixes = "n" * 70, "\\", 'it\'s "x"', "a\nb", "\U0001f600", "\u6f22" * 60
    async with database.connect() as client:
        for seq in (AsyncSequence(f"{name}{suffix}") for suffix in suffixes):
            async with client.transaction():
                await own_ledger.issue(client.conn, seq)
                await seq.delete(client.conn)
            with pytest.raises(LedgerConflict, match="is in the ledger"):
                async with client.transaction():
                    await own_ledger.issue(client.conn, seq)


async def test_a_duplicate_of_a_trigger_is_told_as_it_is(
    database: Database, own_ledger: Ledger, name: str
) -> None:
    """It isn't the ledger's number that is twice."""
    seq, log = AsyncSequence(name), f"{own_ledger.table}_log"
    database.run(f"CREATE TABLE {log} (what varchar(200) PRIMARY KEY) ENGINE=InnoDB")
    database.run(f"INSERT INTO {log} VALUES ('other-1')")
    database.run(
        f"CREATE TRIGGER {log}_t BEFORE INSERT ON {own_ledger.table} FOR EACH ROW "
        f"INSERT INTO {log} VALUES ('other-1')"
    )
    async with database.connect() as client:
        with pytest.raises(Exception, match="1062") as caught:
            async with client.transaction():
                await own_ledger.issue(client.conn, seq)
        assert not isinstance(caught.value, LedgerConflict)
