"""The issuer on MariaDB and MySQL, whose errors end a statement, or all, and name no row."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, closing, suppress
from typing import Any, Literal

import asyncmy
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from aseq import (
    AsyncSequence,
    InvalidRow,
    LedgerConflict,
    LedgerTableMissing,
    NotIssuable,
    RowRefused,
    create_table_sql,
)
from aseq._core.table import TableName
from aseq.issuing import Issued, Issuer
from aseq.ledger import Ledger, create_ledger_sql
from aseq.ledger._migrations import guarding
from aseq.numbering import Numbering
from devtools.mysql import is_asked_for
from tests import outside
from tests.clients.mysql import connect_pymysql, where
from tests.issuing.asked import told_why

PATIENCE = 60.0
KILLS = 8
ROUNDS = 10

REFUSED = {
    "check": "is refused by a constraint",
    "unique": "is refused by a unique index: a trigger changes another column to what is there",
    "raise": "is refused by a trigger",
    "change": "gets another number: a trigger changes it, and says nothing",
}

_TABLE = """\
CREATE TABLE {name} (
    id bigint AUTO_INCREMENT PRIMARY KEY, kind varchar(10) NOT NULL DEFAULT 'good',
    tenant varchar(10), number bigint UNIQUE, once varchar(10) UNIQUE,
    CHECK (kind <> 'check' OR number IS NULL)
)"""
_TRIGGER = """\
CREATE TRIGGER {name}_t BEFORE UPDATE ON {name} FOR EACH ROW BEGIN
    IF NEW.kind = 'unique' THEN SET NEW.once = 'taken';
    ELSEIF NEW.kind = 'raise' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no number';
    ELSEIF NEW.kind = 'change' THEN SET NEW.number = 1000000 + NEW.id;
    END IF;
END"""


class Drafts:
    """A table of drafts, and what is saved in it."""

    def __init__(self, url: str, dialect: Literal["mariadb", "mysql"]) -> None:
        self.dialect = dialect
        self.url, self.name = url, f"draft_{secrets.token_hex(5)}"
        self.sequence = AsyncSequence(self.name)
        self.run(create_table_sql(dialect))
        self.run(_TABLE.format(name=self.name))
        self.run(_TRIGGER.format(name=self.name))
        self.run(f"INSERT INTO {self.name} (id, once) VALUES (1, 'taken')")

    @property
    def column(self) -> str:
        return f"{self.name}.number"

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        return outside.run(self.url, sql)

    def insert(self, values: str) -> int:
        """Add rows; the first one's key."""
        with closing(outside.connection(self.url).cursor()) as cursor:
            cursor.execute(f"INSERT INTO {self.name} (kind, tenant) VALUES {values}")
            return int(cursor.lastrowid)

    def add(self, kind: str = "good", count: int = 1, tenant: str = "a") -> list[int]:
        rows = ", ".join([f"('{kind}', '{tenant}')"] * count)
        first = self.insert(rows)  # the keys of one INSERT follow each other
        return list(range(first, first + count))

    def numbers(self) -> dict[int, int]:
        return dict(self.run(f"SELECT id, number FROM {self.name} WHERE number IS NOT NULL"))

    def last(self) -> int:
        rows = self.run(f"SELECT last FROM aseq_sequence WHERE name = '{self.name}'")
        return int(rows[0][0]) if rows else 0

    def check_gapless(self) -> None:
        assert sorted(self.numbers().values()) == list(range(1, self.last() + 1))


SERVERS = ["mariadb", *(["mysql"] if is_asked_for() else [])]


@pytest.fixture(params=SERVERS)
def table(request: pytest.FixtureRequest) -> Iterator[Drafts]:
    table = Drafts(request.getfixturevalue(request.param), request.param)
    yield table
    table.run(f"DROP TABLE {table.name}")


@pytest.fixture
async def engine(request: pytest.FixtureRequest, table: Drafts) -> AsyncIterator[AsyncEngine]:
    driver = getattr(request, "param", "asyncmy")
    engine = create_async_engine(table.url.replace("mysql", f"mysql+{driver}", 1))
    yield engine
    await engine.dispose()


@pytest.fixture
async def issuer(table: Drafts, engine: AsyncEngine) -> AsyncIterator[Issuer[int]]:
    async with Issuer(engine, table.sequence, table.column, key="id") as issuer:
        yield issuer


async def gather(*calls: Any) -> list[Any]:
    return await asyncio.gather(*calls, return_exceptions=True)


@pytest.mark.parametrize("engine", ["asyncmy", "aiomysql"], indirect=True)
async def test_a_crowd_is_numbered_by_arrival(table: Drafts, issuer: Issuer[int]) -> None:
    keys = table.add(count=200)[::-1]

    numbers = await asyncio.gather(*map(issuer.issue, keys))

    assert numbers == list(range(1, 201))
    assert await asyncio.gather(*map(issuer.issue, keys[:5] * 2)) == [1, 2, 3, 4, 5] * 2
    table.check_gapless()


@pytest.mark.parametrize("engine", ["asyncmy", "aiomysql"], indirect=True)
async def test_rows_that_are_refused_harm_nobody(table: Drafts, issuer: Issuer[int]) -> None:
    keys = [*table.add(count=5)]
    for kind in REFUSED:
        keys += [*table.add(kind), *table.add(count=3)]

    told = await gather(*map(issuer.issue, [*keys, 10**9]))

    assert isinstance(told.pop(), NotIssuable)
    errors: list[Any] = [each for each in told if isinstance(each, Exception)]
    assert [isinstance(each, RowRefused) for each in errors] == [False, False, False, True]
    check = {"mariadb": 4025, "mysql": 3819}[table.dialect]
    assert [each.orig.args[0] for each in errors[:3]] == [check, 1062, 1644]
    assert [each for each in told if isinstance(each, int)] == list(range(1, 18))
    table.check_gapless()


async def test_a_row_that_is_locked_waits_alone(table: Drafts, issuer: Issuer[int]) -> None:
    [locked], others = table.add(), table.add(count=3)
    with connect_pymysql(table.url) as conn, closing(conn.cursor()) as cursor:
        conn.begin()
        cursor.execute(f"UPDATE {table.name} SET tenant = 'b' WHERE id = {locked}")
        call = asyncio.create_task(issuer.issue(locked, timeout=PATIENCE))
        assert await asyncio.gather(*map(issuer.issue, others)) == [1, 2, 3]
        await told_why(issuer, locked, "its row is locked by another transaction")
        conn.commit()

    assert await call == 4
    table.check_gapless()


async def test_a_caller_that_holds_the_sequence_himself(
    table: Drafts, issuer: Issuer[int]
) -> None:
    mine, other = table.add(count=2)
    conn: Any = await asyncmy.connect(**where(table.url))
    number = await table.sequence.next_value(conn)
    async with conn.cursor() as cursor:
        await cursor.execute(f"INSERT INTO {table.name} (number) VALUES ({number})")
    call = asyncio.create_task(issuer.issue(other, timeout=PATIENCE))
    await told_why(issuer, mine, "the sequence is held")
    await conn.commit()
    conn.close()

    assert {await call, await issuer.issue(mine)} == {2, 3}
    table.check_gapless()


@pytest.mark.parametrize("kills", [False, True])
async def test_a_storm_with_others_who_draw(
    table: Drafts, engine: AsyncEngine, kills: bool
) -> None:
    """Whatever becomes of connections: who is told a number has it, and none is missing."""
    done = asyncio.Event()
    killed = 0

    async def draw() -> None:
        while not done.is_set():
            with suppress(Exception):
                async with engine.begin() as conn:
                    number = await table.sequence.next_value(conn)
                    sql = f"INSERT INTO {table.name} (number) VALUES ({number})"
                    await conn.exec_driver_sql(sql)

    async def kill() -> None:
        nonlocal killed
        mine = await asyncmy.connect(**where(table.url), autocommit=True)
        while not done.is_set() and killed < KILLS:
            async with mine.cursor() as cursor:
                await cursor.execute(
                    "SELECT id FROM information_schema.processlist WHERE db = DATABASE() "
                    "AND id <> CONNECTION_ID() AND info IS NOT NULL AND command = 'Query' "
                    f"AND (info LIKE '%{table.name}%' OR info = 'COMMIT') LIMIT 1"
                )
                for (pid,) in await cursor.fetchall():
                    with suppress(Exception):
                        await cursor.execute(f"KILL {pid}")
                        killed += 1
            await asyncio.sleep(0.02)
        mine.close()

    one, two = (Issuer(engine, table.sequence, table.column, key="id") for _ in range(2))
    async with one, two, asyncio.TaskGroup() as group:
        group.create_task(draw())
        if kills:
            group.create_task(kill())
        told = dict[int, object]()
        try:
            for _ in range(ROUNDS):  # until it has hit somebody
                keys = table.add(count=80)
                calls = [(one, two)[key % 2].issue(key, timeout=PATIENCE) for key in keys]
                told |= zip(keys, await asyncio.gather(*calls), strict=True)
                if killed or not kills:
                    break
        finally:
            done.set()

    assert table.numbers().items() >= told.items()
    assert killed or not kills, "it would be in vain"
    table.check_gapless()


async def test_a_row_whose_update_waits(table: Drafts, issuer: Issuer[int]) -> None:
    """For a trigger's own work: it is found, and the others have their numbers."""
    table.run(f"CREATE TABLE {table.name}_more (id bigint PRIMARY KEY)")
    [slow] = table.add("slow")
    others = table.add(count=3)
    table.run(f"INSERT INTO {table.name}_more VALUES (1)")
    table.run(
        f"CREATE TRIGGER {table.name}_u AFTER UPDATE ON {table.name} FOR EACH ROW BEGIN "
        f"IF NEW.kind = 'slow' THEN UPDATE {table.name}_more SET id = id + 1; END IF; END"
    )
    with connect_pymysql(table.url) as conn, closing(conn.cursor()) as cursor:
        conn.begin()
        cursor.execute(f"SELECT id FROM {table.name}_more FOR UPDATE")
        call = asyncio.create_task(issuer.issue(slow, timeout=PATIENCE))
        assert sorted(await asyncio.gather(*map(issuer.issue, others))) == [1, 2, 3]
        conn.rollback()

    assert await call == 4
    table.check_gapless()
    table.run(f"DROP TABLE {table.name}_more")


async def test_scopes_and_a_hook(table: Drafts, engine: AsyncEngine) -> None:
    table.run(f"CREATE TABLE {table.name}_event (id bigint, number bigint)")
    keys = [*table.add(tenant="a", count=3), *table.add(tenant="b", count=2)]
    series = Numbering(table.name, "{tenant}-{number}")
    table.run(f"ALTER TABLE {table.name} ADD code varchar(20)")

    async def write(conn: Any, issued: Sequence[Issued]) -> None:
        for each in issued:
            if each.key == keys[1]:
                raise ZeroDivisionError
            assert each.document is not None
            sql = f"INSERT INTO {table.name}_event VALUES ({each.key}, {each.document.number})"
            await conn.exec_driver_sql(sql)

    async with Issuer(
        *(engine, series, f"{table.name}.code"),
        key="id",
        scope={"tenant": "tenant"},
        on_issued=write,
    ) as issuer:
        told = await gather(*map(issuer.issue, keys))

    assert isinstance(told.pop(1), ZeroDivisionError)
    assert told == ["a-1", "a-2", "b-1", "b-2"]
    assert len(table.run(f"SELECT * FROM {table.name}_event")) == 4
    table.run(f"DROP TABLE {table.name}_event")


@pytest.mark.parametrize("kind", ["raise", "change"])
async def test_its_connections_go_back_as_they_were(
    table: Drafts, engine: AsyncEngine, kind: str
) -> None:
    [good], [bad] = table.add(), table.add(kind)
    async with Issuer(engine, table.sequence, table.column, key="id") as issuer:
        await gather(issuer.issue(good), issuer.issue(bad))
    level = {"mariadb": "@@tx_isolation", "mysql": "@@transaction_isolation"}[table.dialect]
    set_up: set[Any] = set()
    async with AsyncExitStack() as stack:
        for _ in range(2):  # of which the bad one may have cost one
            conn = await stack.enter_async_context(engine.connect())
            asked = f"SELECT {level}, @@innodb_lock_wait_timeout"
            set_up.add(tuple((await conn.exec_driver_sql(asked)).one()))

    assert set_up == {("REPEATABLE-READ", 50)}


async def test_on_a_connection_that_is_rolled_back(table: Drafts, engine: AsyncEngine) -> None:
    """As in users' tests; their engine must be at READ COMMITTED."""
    issuer = Issuer[int](engine, table.sequence, table.column, key="id")
    async with engine.connect() as conn:
        await conn.execution_options(isolation_level="READ COMMITTED")
        await conn.begin()
        insert = f"INSERT INTO {table.name} (kind) VALUES ('good')"
        key = (await conn.exec_driver_sql(insert)).lastrowid
        async with issuer.on(conn):
            assert [await issuer.issue(key) for _ in range(2)] == [1, 1]
            with pytest.raises(NotIssuable):
                await issuer.issue(10**9)
        asked = await conn.exec_driver_sql("SELECT @@innodb_lock_wait_timeout")
        assert asked.scalar() == 50
        await conn.rollback()

    assert (table.numbers(), table.last()) == ({}, 0)


class Noted:
    """A ledger of a table of drafts, with its guard."""

    def __init__(self, table: Drafts) -> None:
        self._table, self.ledger = table, Ledger(f"{table.name}_ledger")
        table.run(create_ledger_sql(table.dialect, self.ledger.table))
        for text in guarding(table.dialect, TableName.parse(self.ledger.table)):
            table.run(text)

    def issuer_on(self, engine: AsyncEngine) -> Issuer[int]:
        table = self._table
        options: dict[str, Any] = {"key": "id", "ledger": self.ledger, "by": "ada"}
        return Issuer(engine, table.sequence, table.column, **options)

    def check(self) -> None:
        """The ledger has what the rows have, and no number is missing."""
        told = dict(self._table.run(f"SELECT document_key, number FROM {self.ledger.table}"))
        name, numbers = self._table.name, self._table.numbers()
        assert told == {f"{name}/{key}": number for key, number in numbers.items()}
        self._table.check_gapless()


@pytest.fixture
def noted(table: Drafts) -> Iterator[Noted]:
    noted = Noted(table)
    yield noted
    table.run(f"DROP TABLE {noted.ledger.table}")


async def test_a_ledger_has_what_the_rows_have(
    table: Drafts, noted: Noted, engine: AsyncEngine
) -> None:
    """Whatever one of them is refused for, in the row or in the ledger."""
    keys = [*table.add(count=20), *(key for kind in REFUSED for key in table.add(kind))]
    refused = f"{table.name}/{keys[7]}"
    table.run(
        f"CREATE TRIGGER {table.name}_l BEFORE INSERT ON {noted.ledger.table} FOR EACH ROW "
        f"IF NEW.document_key = '{refused}' THEN "
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF"
    )
    async with noted.issuer_on(engine) as issuer:
        told = await gather(*map(issuer.issue, keys))
        again = await gather(*map(issuer.issue, keys))

    numbers = [each for each in told if isinstance(each, int)]
    assert numbers == list(range(1, 20))
    assert [each for each in again if isinstance(each, int)] == numbers
    assert "not this one" in str(told[7])
    noted.check()


async def test_a_number_that_the_ledger_has_for_a_row(
    table: Drafts, noted: Noted, engine: AsyncEngine
) -> None:
    """It was lost from the row: it comes again, and a void one doesn't."""
    first, second, third = table.add(count=3)
    async with noted.issuer_on(engine) as issuer:
        assert await gather(*map(issuer.issue, (first, second))) == [1, 2]
        table.run(f"UPDATE {table.name} SET number = NULL")
        assert await issuer.issue(third) == 3
        assert await issuer.issue(first) == 1
        async with engine.begin() as conn:
            await noted.ledger.void(conn, 2, of=table.sequence, reason="x")
        with pytest.raises(InvalidRow, match="which is void"):
            await issuer.issue(second)
    assert table.last() == 3


@pytest.mark.parametrize("lost", ["ledger", "counter"])
async def test_a_ledger_that_is_wrong_for_all(
    table: Drafts, noted: Noted, engine: AsyncEngine, lost: str
) -> None:
    first, *keys = table.add(count=4)
    name = noted.ledger.table
    async with noted.issuer_on(engine) as issuer:
        assert await issuer.issue(first) == 1
        if lost == "ledger":
            table.run(f"RENAME TABLE {name} TO {name}_away")
        else:
            table.run(f"DELETE FROM aseq_sequence WHERE name = '{table.name}'")
            table.run(f"UPDATE {table.name} SET number = -number")  # nor does the row tell
        told = await gather(*map(issuer.issue, keys))
        if lost == "ledger":
            table.run(f"RENAME TABLE {name}_away TO {name}")
    error = LedgerTableMissing if lost == "ledger" else LedgerConflict
    assert {type(each) for each in told} == {error}
    assert table.numbers() == {first: 1 if lost == "ledger" else -1}
