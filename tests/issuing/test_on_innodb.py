"""What is MariaDB's and MySQL's own where rows are numbered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import pytest

from aseq import AsyncSequence, InvalidSequence, RowRefused, UnsupportedConnection, is_retryable
from aseq.issuing import number_rows
from aseq.numbering import Numbering
from tests import clients
from tests.clients import Client
from tests.codes import code
from tests.database import Database

from .drafts import Drafts, connected, of

pytestmark = pytest.mark.only(dialect={"mariadb", "mysql"}, client=clients.Asyncmy)

CALLED = {"mariadb": "MariaDB", "mysql": "MySQL"}


@asynccontextmanager
async def begun(database: Database) -> AsyncIterator[Client]:
    """A connection in a transaction."""
    async with connected(database) as client, client.transaction():
        yield client


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE", "READ UNCOMMITTED"])
async def test_levels_at_which_more_than_the_rows_would_be_locked(
    database: Database, name: str, level: str
) -> None:
    """Refused before anything is drawn, and the transaction goes on."""
    drafts, numbers = Drafts(database, name), AsyncSequence(name)
    drafts.count(1)
    async with database.connect() as client:
        await client.execute(f"SET SESSION TRANSACTION ISOLATION LEVEL {level}")
        async with client.transaction():
            with pytest.raises(UnsupportedConnection) as refused:
                await number_rows(client.conn, numbers, of(drafts.table), key="id")
            assert await numbers.next_value(client.conn) == 1
            await client.save(name, 1)

    server = CALLED[database.case.dialect]
    refusal = f"connection at {level}: for rows that are saved already, {server} would lock"
    assert refusal in str(refused.value)
    assert "Begin it at READ COMMITTED: with SQLAlchemy" in str(refused.value)
    assert database.saved(name) == [1]


async def test_who_saves_drafts_meanwhile_waits_for_nothing(
    database: Database, name: str
) -> None:
    drafts, numbers = Drafts(database, name), AsyncSequence(name)
    drafts.add((1,), (5,), (9,))
    async with begun(database) as client, database.connect() as other:
        await number_rows(client.conn, numbers, of(drafts.table), key="id", where="id < 6")
        await other.execute("SET SESSION innodb_lock_wait_timeout = 1")
        await other.execute(f"INSERT INTO {drafts.table} (id) VALUES (0), (3), (7), (99)")
        await other.execute(f"UPDATE {drafts.table} SET note = 'edited' WHERE id = 9")

    assert drafts.column() == [None, 1, None, 2, None, None, None]


async def test_rows_that_others_have_locked_are_skipped_and_counted(
    database: Database, name: str
) -> None:
    drafts, numbers = Drafts(database, name), AsyncSequence(name)
    drafts.count(4)
    async with database.connect() as other, connected(database) as client:
        async with other.transaction():
            await other.execute(f"UPDATE {drafts.table} SET note = 'mine' WHERE id = 2")
            async with client.transaction():
                done = await number_rows(client.conn, numbers, of(drafts.table), key="id")
            async with client.transaction():
                again = await number_rows(client.conn, numbers, of(drafts.table), key="id")
        async with client.transaction():
            last = await number_rows(
                client.conn, numbers, of(drafts.table), key="id", locked="wait"
            )

    assert [(each.count, each.skipped) for each in (done, again, last)] == [
        (3, 1),
        (0, 1),
        (1, 0),
    ]
    assert drafts.column() == [1, 4, 2, 3]


async def test_a_crowd_that_numbers_and_draws(database: Database, name: str) -> None:
    """Each number once, and none is missing, whoever meets a deadlock and tries again."""
    drafts, numbers = Drafts(database, name), AsyncSequence(name)
    drafts.count(200)

    async def number(order: str) -> None:
        done = 1
        async with connected(database) as client:
            while done:
                with suppress(Retry):
                    async with retried(client):
                        told = await number_rows(
                            *(client.conn, numbers, of(drafts.table)),
                            key="id",
                            order_by=order,
                            limit=20,
                        )
                        done = told.count

    async def draw() -> None:
        async with database.connect() as client:
            for _ in range(30):
                with suppress(Retry):
                    async with retried(client):
                        await client.save(name, await numbers.next_value(client.conn))

    async with anyio.create_task_group() as group:
        for order in ("id", "-id"):
            group.start_soon(number, order)
            group.start_soon(draw)
    async with connected(database) as client, client.transaction():
        await number_rows(client.conn, numbers, of(drafts.table), key="id")

    given = sorted([*drafts.column(), *database.saved(name)])
    assert given == list(range(1, len(given) + 1))
    assert database.last(name) == len(given)


async def test_a_deadlock_that_is_swallowed(database: Database, name: str) -> None:
    """The server rolls all back: nothing more can be done in its transaction."""
    drafts, numbers = Drafts(database, name), AsyncSequence(name)
    drafts.count(1)
    deadlock: list[Exception] = []

    async def number(client: Client) -> None:
        # The caller swallows that the connection is closed, too.
        with suppress(Exception):
            async with client.transaction():
                try:
                    await number_rows(client.conn, numbers, of(drafts.table), key="id")
                except Exception as exc:
                    deadlock.append(exc)
                await client.save(f"{name}-lost", 1)

    async with (
        connected(database) as other,
        connected(database) as client,
        other.transaction(),
        anyio.create_task_group() as group,
    ):
        for drawn in await numbers.next_values(other.conn, 50):  # so the other one pays
            await other.save(name, drawn)
        group.start_soon(number, client)
        await until_it_waits(database, name)
        await other.execute(f"UPDATE {drafts.table} SET note = 'edited' WHERE id = 1")

    assert [code(exc) for exc in deadlock] == [1213]
    assert all(map(is_retryable, deadlock))
    assert database.saved(f"{name}-lost") == []
    assert (database.saved(name), database.last(name)) == ([*range(1, 51)], 50)
    assert drafts.column() == [None]


async def until_it_waits(database: Database, name: str) -> None:
    """Wait until the server says that somebody waits for a counter."""
    waits = (
        "SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' "
        f"AND trx_query LIKE '%INSERT INTO%{name}%'"
    )
    with anyio.fail_after(30):
        while not database.run(waits):  # noqa: ASYNC110  # the server tells nobody
            await anyio.sleep(0.2)  # MariaDB renews its lists if nobody asks for 0.1 s


class Retry(Exception):
    """The transaction is worth another try."""


@asynccontextmanager
async def retried(client: Client) -> AsyncIterator[None]:
    try:
        async with client.transaction():
            yield
    except Exception as exc:
        if not is_retryable(exc):
            raise
        raise Retry from exc


async def test_a_trigger_that_changes_the_number(database: Database, name: str) -> None:
    drafts, numbers = Drafts(database, name), AsyncSequence(name)
    drafts.count(3)
    database.run(
        f"CREATE TRIGGER change_{drafts.table} BEFORE UPDATE ON {drafts.table} FOR EACH ROW "
        "SET NEW.number = IF(OLD.id = 2, 70, NEW.number)"
    )
    async with connected(database) as client:
        text = f"^row 2 of {drafts.table} got the number 2, but now it holds 70"
        with suppress(Exception):  # the caller swallows whatever the end says
            async with client.transaction():
                with pytest.raises(RowRefused, match=text):
                    await number_rows(client.conn, numbers, of(drafts.table), key="id")

    assert (drafts.column(), database.last(name)) == ([None] * 3, None)


async def test_a_row_that_the_server_refuses(database: Database, name: str) -> None:
    """Whoever swallows it, nothing is committed: the draw came before."""
    drafts, numbers = Drafts(database, name), AsyncSequence(name)
    drafts.count(2)
    drafts.add((3, 2), columns="id, number")
    async with connected(database) as client:
        with suppress(Exception):
            async with client.transaction():
                with pytest.raises(Exception, match="1062"):
                    await number_rows(client.conn, numbers, of(drafts.table), key="id")

    assert (drafts.column(), database.last(name)) == ([None, None, 2], None)


@pytest.mark.parametrize("strict", [True, False])
async def test_a_number_that_is_cut(database: Database, name: str, strict: bool) -> None:
    drafts = Drafts(database, name, "code varchar(3)")
    drafts.count(1)
    async with connected(database) as client:
        if not strict:
            await client.execute("SET SESSION sql_mode = ''")
        with suppress(Exception):
            async with client.transaction():
                with pytest.raises(Exception, match="1406" if strict else "now it holds 'inv'"):
                    await number_rows(
                        *(client.conn, Numbering(name, "inv-{number}")),
                        *(of(drafts.table, "code"),),
                        key="id",
                    )

    assert (drafts.column("code"), database.last(name)) == ([None], None)


async def test_a_key_that_a_numbered_row_has_too(database: Database, name: str) -> None:
    drafts, numbers = Drafts(database, name, "k int, number int"), AsyncSequence(name)
    drafts.add((1, 7, 70), (2, 7, None), columns="id, k, number")
    async with connected(database) as client:
        with suppress(Exception):
            async with client.transaction():
                with pytest.raises(RowRefused, match="2 rows with this key were changed"):
                    await number_rows(client.conn, numbers, of(drafts.table), key="k")

    assert (drafts.column(), database.last(name)) == ([70, None], None)


KEYS = {
    "bigint unsigned": [str(2**64 - 1), "5"],
    "varchar(20) CHARACTER SET latin1": ["'é'", "'a\"\\\\'"],
    "varchar(20) COLLATE utf8mb4_unicode_ci": ["'A'", "'b'"],
    "decimal(20, 5)": ["7.5", "12345678901234.00001"],
    "uuid": ["UUID()", "UUID()"],
    "datetime(6)": ["'2026-01-01 00:00:00.000001'", "'2026-01-01'"],
}


@pytest.mark.parametrize("kind", KEYS)
async def test_keys(database: Database, name: str, kind: str) -> None:
    if kind == "uuid" and database.case.dialect == "mysql":
        pytest.skip("MySQL has no such type")
    table, numbers = name.replace("-", "_"), AsyncSequence(name)
    database.run(f"CREATE TABLE {table} (k {kind} PRIMARY KEY, number int UNIQUE)")
    for value in KEYS[kind]:
        database.run(f"INSERT INTO {table} VALUES ({value}, NULL)")

    async with begun(database) as client:
        await number_rows(client.conn, numbers, of(table), key="k", order_by="-k")

    assert database.run(f"SELECT number FROM {table} ORDER BY k DESC") == [(1,), (2,)]


async def test_a_timestamp_is_a_moment_whatever_the_time_zone(
    database: Database, name: str
) -> None:
    drafts = Drafts(database, name, "code text, since timestamp(6) NULL, at timestamp(6) NULL")
    numbers = Numbering(name, "{year}-{number}", period="year", tz="UTC")
    database.run(
        f"INSERT INTO {drafts.table} (id, since) VALUES "
        "(1, FROM_UNIXTIME(1767225599.5)), (2, FROM_UNIXTIME(1767225600))"
    )
    async with connected(database) as client:
        await client.execute("SET SESSION time_zone = '-07:00'")
        async with client.transaction():
            await number_rows(
                *(client.conn, numbers, of(drafts.table, "code")),
                key="id",
                at_from="since",
                at_column="at",
            )

    assert drafts.column("code") == ["2025-1", "2026-1"]
    assert drafts.rows("UNIX_TIMESTAMP(since) = UNIX_TIMESTAMP(at)") == [(1,), (1,)]


async def test_scopes_that_a_collation_takes_for_one(database: Database, name: str) -> None:
    drafts = Drafts(database, name, "tenant text, code text")
    numbers = Numbering(name, "{tenant}-{number}")
    drafts.add((1, "a"), (2, "A"), (3, "a"), columns="id, tenant")
    async with begun(database) as client:
        done = await number_rows(
            *(client.conn, numbers, of(drafts.table, "code")),
            key="id",
            scope={"tenant": "tenant"},
        )

    assert done.count == 3
    assert sorted(name.rpartition("=")[2] for name in done.by_counter) == ["A", "a"]


async def test_no_row_waits_in_any_scope(database: Database, name: str) -> None:
    drafts, numbers = Drafts(database, name), Numbering(name, "{tenant}-{number}")
    drafts.add((1, "a"), columns="id, tenant")
    async with begun(database) as client:
        counts = [
            await number_rows(
                *(client.conn, numbers, of(drafts.table, "code")),
                key="id",
                scope={"tenant": "tenant"},
            )
            for _ in range(2)
        ]

    assert [(done.count, done.skipped) for done in counts] == [(1, 0), (0, 0)]


async def test_other_engines_and_tables(database: Database, name: str) -> None:
    drafts, numbers = Drafts(database, name), AsyncSequence(name)
    database.run(f"ALTER TABLE {drafts.table} ENGINE=MyISAM")
    problems: list[Any] = []
    async with begun(database) as client:
        for column, key in ((of(drafts.table), "id"), ("nothing.number", "id")):
            with pytest.raises(InvalidSequence) as refused:
                await number_rows(client.conn, numbers, column, key=key)
            problems.append(str(refused.value))

    assert problems == [
        "column is in a table of the storage engine MyISAM: only InnoDB can roll back",
        "column can't be nothing.number: there is no table nothing",
    ]


async def test_an_index_that_cannot_be_named(database: Database, name: str) -> None:
    """The optimizer is told to leave it alone, and a statement that names it fails."""
    table, numbers = name.replace("-", "_"), AsyncSequence(name)
    alone = {"mariadb": "IGNORED", "mysql": "INVISIBLE"}[database.case.dialect]
    database.run(f"CREATE TABLE {table} (k int NOT NULL, number int, KEY a (k) {alone})")
    database.run(f"INSERT INTO {table} VALUES (1, NULL), (2, NULL)")
    async with begun(database) as client:
        await number_rows(client.conn, numbers, of(table), key="k", order_by="-k")

    assert database.run(f"SELECT number FROM {table} ORDER BY k") == [(2,), (1,)]


BATCHES = {
    "mariadb": "join_cache_level = 8, optimizer_switch = 'mrr=on'",
    "mysql": "optimizer_switch = 'batched_key_access=on,mrr_cost_based=off'",
}
"""Where a server joins whole batches of rows."""


@pytest.mark.parametrize("batches", [False, True])
async def test_no_more_rows_are_locked_than_get_numbers(
    database: Database, name: str, batches: bool
) -> None:
    """Others edit the rest; those that somebody has locked are passed over."""
    drafts, numbers = Drafts(database, name), AsyncSequence(name)
    drafts.count(30)
    database.run(f"ALTER TABLE {drafts.table} ADD slip int, ADD KEY (slip)")
    database.run(f"UPDATE {drafts.table} SET slip = id")
    # Not an UPDATE of a range: MariaDB 11 looks at the row behind it, and waits for it.
    rest = f"FROM {drafts.table} FORCE INDEX (PRIMARY) FOR UPDATE SKIP LOCKED"
    async with connected(database) as other, connected(database) as client:
        if batches:
            await client.execute(f"SET SESSION {BATCHES[database.case.dialect]}")
        async with client.transaction(), other.transaction():
            await other.execute(f"UPDATE {drafts.table} SET note = 'mine' WHERE id > 27")
            done = await number_rows(
                client.conn, numbers, of(drafts.table), key="slip", order_by="-slip", limit=5
            )
            free = await other.scalar(f"SELECT GROUP_CONCAT(id) {rest}")

    assert done.count == 5
    assert set(range(1, 31)) - {*map(int, free.split(","))} == {23, 24, 25, 26, 27}
    assert drafts.column()[20:] == [None, None, 5, 4, 3, 2, 1, None, None, None]
