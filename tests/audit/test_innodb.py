"""Audits on MariaDB and MySQL: what is found, beside writers, and where it would be wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import anyio
import asyncmy
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from aseq import (
    AsyncSequence,
    AuditRefused,
    InvalidSequence,
    SequenceTableMissing,
    create_table,
)
from aseq._core.statement import Bind, Row
from aseq.adapters.asyncmy import AsyncmyExecutor
from aseq.audit import Audit, Range, audit
from devtools.mysql import is_asked_for
from tests.clients.mysql import where

from .series import Books, books
from .test_series import _check

SERVERS = {"mariadb": "MariaDB", **({"mysql": "MySQL"} if is_asked_for() else {})}
AUDITS = 10
"""How many are made beside writers."""


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    """Each of the two, as its fixture is called."""
    return str(request.param)


@pytest.fixture
def url(request: pytest.FixtureRequest, server: str) -> str:
    """Its URL."""
    return str(request.getfixturevalue(server))


@asynccontextmanager
async def connected(url: str, level: str | None = None) -> AsyncIterator[Any]:
    """A connection that commits by itself."""
    conn = await asyncmy.connect(**where(url), autocommit=True)
    try:
        if level:
            await run(conn, f"SET SESSION TRANSACTION ISOLATION LEVEL {level}")
        yield conn
    finally:
        conn.close()


async def run(conn: Any, sql: str, *args: object) -> list[Any]:
    async with conn.cursor() as cursor:
        await cursor.execute(sql, args or None)
        return list(await cursor.fetchall())


@asynccontextmanager
async def documents(url: str, name: str, then: str = "") -> AsyncIterator[tuple[Any, str]]:
    """A connection to a database with a table of documents."""
    table = name.replace("-", "_")
    async with connected(url) as conn:
        await create_table(conn)
        await run(conn, f"CREATE TABLE {table} (id serial, number bigint, of_it date) {then}")
        yield conn, table


async def test_what_was_planted_in_many_series_is_found(url: str) -> None:
    async with connected(url) as conn:
        await create_table(conn)
        await run(conn, "DROP TABLE IF EXISTS document")
        await run(
            conn,
            "CREATE TABLE document (id bigint PRIMARY KEY, text text, tenant varchar(20), "
            "issued date, void text)",
        )
        for seed in range(15):  # the first 300 were seen to be right
            here = books(Random(seed))
            await _fill(conn, here)
            _check(await _audited(conn, here), here, seed)


async def _fill(conn: Any, here: Books) -> None:
    for table in ("document", "aseq_sequence"):
        await run(conn, f"DELETE FROM {table}")
    async with conn.cursor() as cursor:
        rows = [(i, r.text, r.tenant, r.date, r.void) for i, r in enumerate(here.rows)]
        if rows:
            await cursor.executemany("INSERT INTO document VALUES (%s, %s, %s, %s, %s)", rows)
        if here.counters:
            given = list(here.counters.items())
            await cursor.executemany("INSERT INTO aseq_sequence VALUES (%s, %s)", given)


async def _audited(conn: Any, here: Books) -> Audit:
    numbering = here.numbering
    printed = numbering._pattern.scopes
    return await audit(
        conn,
        "document.text",
        numbering,
        scope={n: "document.tenant" for n in numbering.scopes if n not in printed},
        void="document.void",
        date="document.issued",
    )


async def _issue(url: str, table: str, seq: AsyncSequence, times: int) -> None:
    """Save documents; some are rolled back."""
    async with connected(url) as conn:
        for i in range(times):
            await conn.begin()
            number = await seq.next_value(conn)
            await run(conn, f"INSERT INTO {table} (number) VALUES ({number})")
            await (conn.rollback() if i % 3 == 2 else conn.commit())


async def _inside(conn: Any, table: str, seq: AsyncSequence) -> list[Audit]:
    """Audits in a transaction that draws itself."""
    await conn.begin()
    found = [await audit(conn, f"{table}.number", seq)]
    number = await seq.next_value(conn)
    await run(conn, f"INSERT INTO {table} (number) VALUES ({number})")
    found.append(await audit(conn, f"{table}.number", seq))
    await conn.rollback()
    return found


async def _outside(conn: Any, table: str, seq: AsyncSequence) -> list[Audit]:
    return [await audit(conn, f"{table}.number", seq)]


async def _storm(
    url: str, table: str, seq: AsyncSequence, level: str, how: Callable[..., Any]
) -> list[Audit]:
    """Audits, one after the other, while three writers issue."""
    results: list[Audit] = []

    async def write() -> None:
        while len(results) < AUDITS:
            await _issue(url, table, seq, 3)

    async with anyio.create_task_group() as group, connected(url, level) as conn:
        for _ in range(3):
            group.start_soon(write)
        while len(results) < AUDITS:
            results += await how(conn, table, seq)
    return results


SAFE = [
    ("READ COMMITTED", _inside),
    ("REPEATABLE READ", _outside),
    ("SERIALIZABLE", _outside),
]


@pytest.mark.parametrize(("level", "how"), SAFE)
async def test_nothing_is_found_where_nothing_is_wrong(
    url: str, name: str, level: str, how: Callable[..., Any]
) -> None:
    seq = AsyncSequence(name)
    async with documents(url, name) as (_, table):
        results = await _storm(url, table, seq, level, how)

    assert [str(result) for result in results if not result.ok] == []
    assert len({result.series[0].rows for result in results}) > AUDITS / 2, "no storm"


async def test_what_is_wrong_is_found_and_nothing_else(url: str, name: str) -> None:
    seq = AsyncSequence(name)
    async with documents(url, name) as (conn, table):
        numbers = [*({*range(1, 51)} - {7, 20, 21}), 30, 1000000]
        rows = ", ".join(f"({number})" for number in numbers)
        await run(conn, f"INSERT INTO {table} (number) VALUES {rows}")
        await run(conn, f"INSERT INTO aseq_sequence VALUES ('{name}', 50)")
        results = await _storm(url, table, seq, "READ COMMITTED", _inside)

    for result in results:
        [series] = result.series
        assert series.missing == (Range(7, 7, 1), Range(20, 21, 2)), str(result)
        assert [(found.number, found.count) for found in series.repeated] == [(30, 2)]
        assert [(found.number, found.why) for found in series.outside] == [(1000000, "beyond")]


class Between(AsyncmyExecutor):
    """Lets others issue before each statement of an audit."""

    def __init__(self, conn: Any, issue: Callable[[], Awaitable[None]]) -> None:
        super().__init__(conn)
        self._issue = issue

    async def fetch(self, sql: str, args: tuple[Bind, ...], /, **options: Any) -> Sequence[Row]:
        await self._issue()
        return await super().fetch(sql, args)


@pytest.mark.parametrize("by_hand", [1, 4, 6])
async def test_a_number_entered_by_hand_that_others_get_to(
    url: str, name: str, by_hand: int
) -> None:
    """It is beyond the counter first, and then a double: always found, as one or the other."""
    seq = AsyncSequence(name)
    async with documents(url, name) as (conn, table):
        await run(conn, f"INSERT INTO {table} (number) VALUES ({by_hand})")

        async def issue() -> None:
            await _issue(url, table, seq, 3)  # of which one is rolled back

        async with connected(url) as other:
            result = await audit(Between(other, issue), f"{table}.number", seq)

    [series] = result.series
    assert not series.missing
    found = {part.number for part in series.outside} | {part.number for part in series.repeated}
    assert found == {by_hand}, str(result)


LEVELS = {
    "READ UNCOMMITTED": "READ UNCOMMITTED shows what may yet be rolled back",
    "REPEATABLE READ": "a transaction is open at REPEATABLE READ, where {} shows",
    "SERIALIZABLE": "at SERIALIZABLE a transaction locks all that it reads",
}


@pytest.mark.parametrize("level", LEVELS)
async def test_where_it_would_be_wrong_or_hold_others_up(
    url: str, server: str, name: str, level: str
) -> None:
    """It is refused, and the transaction goes on."""
    seq = AsyncSequence(name)
    async with documents(url, name) as (_, table), connected(url, level) as conn:
        await conn.begin()
        with pytest.raises(AuditRefused, match=LEVELS[level].format(SERVERS[server])):
            await audit(conn, f"{table}.number", seq)
        assert await seq.next_value(conn) == 1
        await conn.rollback()


async def test_a_transaction_that_sees_what_it_wrote_beside_an_old_snapshot(
    url: str, name: str
) -> None:
    """Why it is refused at REPEATABLE READ: numbers that others drew since can't be seen."""
    seq = AsyncSequence(name)
    async with documents(url, name) as (_, table), connected(url) as conn:
        await conn.begin()
        await run(conn, f"SELECT number FROM {table}")
        await _issue(url, table, seq, 2)
        assert await seq.next_value(conn) == 3
        seen = await run(
            conn,
            f"SELECT (SELECT last FROM aseq_sequence WHERE name = '{name}'), "
            f"(SELECT count(*) FROM {table})",
        )
        assert seen == [(3, 0)], "it has become better: refuse less"
        with pytest.raises(AuditRefused, match="end it before the audit"):
            await audit(conn, f"{table}.number", seq)


async def test_nobody_waits_for_an_audit(url: str, name: str) -> None:
    seq = AsyncSequence(name)
    async with (
        documents(url, name) as (_, table),
        connected(url, "READ COMMITTED") as conn,
        connected(url) as other,
    ):
        await _issue(url, table, seq, 2)
        await conn.begin()
        assert (await audit(conn, f"{table}.number", seq)).ok
        await other.begin()
        assert await seq.next_value(other, nowait=True) == 3
        await run(other, f"UPDATE {table} SET of_it = NULL")
        await other.rollback()


async def test_a_session_of_sqlalchemy_that_has_read_nothing_yet(url: str, name: str) -> None:
    """Its transaction begins with the audit, whose snapshot all the rest then sees."""
    seq = AsyncSequence(name)
    engine = create_async_engine(url.replace("mysql", "mysql+asyncmy", 1))
    async with documents(url, name) as (_, table):
        await _issue(url, table, seq, 2)
        async with engine.begin() as conn:
            assert (await audit(conn, f"{table}.number", seq)).ok
            await _issue(url, table, seq, 1)
            with pytest.raises(AuditRefused, match="REPEATABLE READ"):
                await audit(conn, f"{table}.number", seq)
            assert (await conn.execute(text(f"SELECT count(*) FROM {table}"))).scalar() == 2
    await engine.dispose()


async def test_rows_that_are_seen_while_they_are_written(url: str, name: str) -> None:
    async with documents(url, name, "ENGINE=MyISAM") as (conn, table):
        with pytest.raises(AuditRefused) as error:
            await audit(conn, f"{table}.number", AsyncSequence(name))

    assert str(error.value) == (
        f"can't audit here: {table} is of the storage engine MyISAM, whose rows are seen while "
        "they are being written: give it ENGINE=InnoDB, or audit a copy"
    )


async def test_what_is_not_there(url: str, name: str) -> None:
    async with documents(url, name) as (conn, table):
        seq = AsyncSequence(name)
        for column, problem in (
            ("nothing.number", "there is no table nothing"),
            (f"{table}.nothing", f"{table} has none like it"),
            (f"{table}.of_it", "its type can't hold numbers"),
        ):
            with pytest.raises(InvalidSequence) as error:
                await audit(conn, column, seq)
            assert str(error.value) == f"column can't be {column}: {problem}"
        with pytest.raises(SequenceTableMissing):
            await audit(conn, f"{table}.number", AsyncSequence(name, table="nothing"))


TYPES = {
    "int unsigned": ["1", "2"],
    "bigint unsigned": ["1", "2", str(2**64 - 1)],
    "decimal(30, 2)": ["1", "2", "2.5"],
    "double": ["1", "2", "1e300"],
    "varchar(30) CHARACTER SET latin1": ["'1'", "'002'", "'2é'", "'1\n'", "''"],
    "mediumtext": ["'1'", "'2'", "'٣'", "'99999999999999999999'", "'9223372036854775808'"],
}


@pytest.mark.parametrize("type_", TYPES)
async def test_columns_of_other_types(url: str, name: str, type_: str) -> None:
    """What is no number of 64 bits is found as unreadable."""
    async with documents(url, name) as (conn, table):
        await run(conn, f"ALTER TABLE {table} MODIFY number {type_}")
        rows = ", ".join(f"({value})" for value in TYPES[type_])
        await run(conn, f"INSERT INTO {table} (number) VALUES {rows}, (NULL)")
        await run(conn, f"INSERT INTO aseq_sequence VALUES ('{name}', 2)")
        result = await audit(conn, f"{table}.number", AsyncSequence(name))

    [series] = result.series
    assert (series.totals.missing, series.totals.unreadable) == (0, len(TYPES[type_]) - 2)
    assert result.drafts == 1


async def test_names_and_conditions_of_any_kind(url: str, name: str) -> None:
    table = f'a`b "c" 100% {name}'
    written = f"`{table.replace('`', '``')}`"
    async with connected(url) as conn:
        await create_table(conn)
        await run(conn, f'CREATE TABLE {written} (`key` int, `my "no"` int)')
        await run(conn, f"INSERT INTO {written} VALUES (1, 1), (2, 2), (3, 7)")
        await run(conn, f"INSERT INTO aseq_sequence VALUES ('{name}', 2)")
        result = await audit(
            conn, f'{table}.my "no"', AsyncSequence(name), where="`key` % 3 <> 0 -- %s"
        )
    assert result.ok


async def test_holes_are_found_without_looking_rows_up_on_disk(
    url: str, name: str, server: str
) -> None:
    """MySQL does so, six times for each row, where a window looks back and forth."""
    if server != "mysql":
        pytest.skip("MariaDB keeps such rows in another way")
    async with documents(url, name, "ENGINE=InnoDB") as (conn, table):
        rows = ", ".join(f"({number})" for number in range(1, 3001) if number != 17)
        await run(conn, f"INSERT INTO {table} (number) VALUES {rows}")
        await run(conn, "INSERT INTO aseq_sequence VALUES (%s, 3000)", name)
        await run(conn, "SET SESSION tmp_table_size = 1024")  # all such tables are on disk
        await run(conn, "FLUSH STATUS")
        found = await audit(conn, f"{table}.number", AsyncSequence(name))
        [(_, looked_up)] = await run(conn, "SHOW SESSION STATUS LIKE 'Handler_read_key'")

    assert found.series[0].missing == (Range(17, 17, 1),)
    assert int(looked_up) < 300
