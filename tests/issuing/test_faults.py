"""What an issuer does when a connection breaks, and what it says to the server."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from aseq import IssueTimeout
from aseq.issuing import Issuer, _desk, _group, _worker
from tests.issuing.sources import asyncpg_pool
from tests.issuing.troubled import Drafts


class Breaking:
    """A source whose connections are cut off at a point of the first transactions.

    Attributes:
        cuts: how many are left.
    """

    def __init__(self, source: Any, where: str, cuts: int) -> None:
        self.source, self.where, self.cuts = source, where, cuts

    async def connect(self) -> Any:
        link = await self.source.connect()
        method = getattr(link, self.where.partition(" ")[2])

        async def cut(*arguments: Any) -> None:
            if self.cuts and self.where.startswith("before"):
                self.cuts -= 1
                await hang_up(link.conn)
            await method(*arguments)
            if self.cuts and self.where.startswith("after"):
                self.cuts -= 1
                await hang_up(link.conn)
                raise ConnectionResetError("the answer was lost")

        setattr(link, self.where.partition(" ")[2], cut)
        return link


async def hang_up(conn: Any) -> None:
    """Close the connection under whatever it is of."""
    if hasattr(conn, "get_raw_connection"):
        conn = (await conn.get_raw_connection()).driver_connection
    if hasattr(conn, "terminate"):
        conn.terminate()
    else:
        await conn.close()


@pytest.mark.parametrize("where", ["after begin", "before commit", "after commit"])
async def test_a_lost_connection(
    table: Drafts, source: Any, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the COMMIT was done, and its answer lost: each row has one number, once."""
    issuer = Issuer(source, table.sequence, table.column, key="id", timeout=20)
    breaking = Breaking(issuer._source, where, cuts=3)
    monkeypatch.setattr(issuer, "_source", breaking)
    async with issuer:
        keys = table.add_many(20)
        told = await asyncio.gather(*map(issuer.issue, keys))

    assert breaking.cuts == 0
    assert dict(zip(keys, told, strict=True)) == table.numbers()
    table.check_gapless()


async def test_what_breaks_connections_is_alone_in_the_end(
    table: Drafts, source: Any, postgres: str
) -> None:
    """A row whose trigger ends its backend: the others get their numbers."""
    table.run(f"""\
        CREATE FUNCTION {table.name}_k() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
        CREATE TRIGGER k BEFORE UPDATE ON {table.name} FOR EACH ROW
        WHEN (NEW.kind = 'kills') EXECUTE FUNCTION {table.name}_k()""")
    keys = [*table.add_many(20), table.add("kills"), *table.add_many(20)]
    async with Issuer(source, table.sequence, table.column, key="id", timeout=60) as issuer:
        calls = [asyncio.create_task(issuer.issue(key)) for key in keys]
        deadly = calls.pop(20)
        told = await asyncio.gather(*calls)
        with pytest.raises(IssueTimeout, match="the connection was lost") as caught:
            await issuer.issue(keys[20], timeout=0.5)
        deadly.cancel()

    assert sorted(told) == list(range(1, 41))
    assert caught.value.__cause__ is not None
    table.check_gapless()
    table.run(f"DROP FUNCTION {table.name}_k CASCADE")


async def test_statements_of_a_group(table: Drafts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six trips for a group of any size, and one more for the first of all."""
    monkeypatch.setattr(_desk, "KEPT", 60)  # or the pool resets the connection in between
    said: list[str] = []

    async def listen(conn: asyncpg.Connection) -> None:
        conn.add_query_logger(lambda query: said.append(query.query.strip().split()[0].upper()))

    async with (
        asyncpg.create_pool(table.url, min_size=1, max_size=2, setup=listen) as pool,
        Issuer(pool, table.sequence, table.column, key="id") as issuer,
    ):
        group = ["BEGIN", "WITH", "SELECT", "WITH", "UPDATE", "COMMIT;"]
        await issuer.issue(table.add())
        assert said == [group[0], "SELECT", *group[1:]], "with a look at the catalogue"
        for count in 1, 300:
            said.clear()
            await asyncio.gather(*map(issuer.issue, table.add_many(count)))
            assert said == group
        for kind, commits in ("check", 1), ("deferred", 2):  # the first COMMIT is refused
            said.clear()
            keys = [*table.add_many(7), table.add(kind)]
            await asyncio.gather(*map(issuer.issue, keys), return_exceptions=True)
            assert said.count("BEGIN") == 2, kind
            assert said.count("COMMIT;") == commits, kind
            assert said.count("SAVEPOINT") == 7, "8, 4, 4, 2, 2, 1, 1"


async def test_a_group_has_a_limit(
    table: Drafts, issuer: Issuer[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = table.add_many(_worker.SIZE + 7)
    told = await asyncio.gather(*map(issuer.issue, keys))

    assert told == list(range(1, len(keys) + 1))
    sizes = table.run(f"SELECT count(*) FROM {table.name} WHERE number > 0 GROUP BY xmin")
    assert sorted(size for (size,) in sizes) == [7, _worker.SIZE]


async def test_others_who_draw_meanwhile(table: Drafts, source: Any, postgres: str) -> None:
    """By hand, through aseq, with and without a commit: the issuer's numbers fit in between."""
    insert = f"INSERT INTO {table.name} (number) VALUES ($1)"

    async def draw(pool: asyncpg.Pool, *, commit: bool) -> None:
        async with pool.acquire() as conn:
            transaction = conn.transaction()
            await transaction.start()
            await conn.execute(insert, await table.sequence.next_value(conn))
            await (transaction.commit if commit else transaction.rollback)()

    async with (
        asyncpg_pool(postgres) as others,
        Issuer(source, table.sequence, table.column, key="id") as issuer,
    ):
        await asyncio.gather(
            *map(issuer.issue, table.add_many(50)),
            *(draw(others, commit=number % 3 > 0) for number in range(30)),
        )

    assert table.last() == 70
    table.check_gapless()


async def test_a_row_whose_update_waits_for_somebody(
    table: Drafts, source: Any, conn: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its trigger writes to a row that is locked: the others get their numbers meanwhile."""
    monkeypatch.setattr(_group, "UPDATE_WAITS", 50)
    monkeypatch.setattr(_group, "BRIEFLY", 20)
    other = table.add()
    table.run(f"""\
        CREATE FUNCTION {table.name}_w() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN UPDATE {table.name} SET once = 'x' WHERE id = {other}; RETURN NEW; END $$;
        CREATE TRIGGER w BEFORE UPDATE ON {table.name} FOR EACH ROW
        WHEN (NEW.kind = 'waits') EXECUTE FUNCTION {table.name}_w()""")
    keys = [*table.add_many(10), table.add("waits"), *table.add_many(10)]
    async with Issuer(source, table.sequence, table.column, key="id", timeout=60) as issuer:
        async with conn.transaction():
            await conn.execute(f"SELECT FROM {table.name} WHERE id = {other} FOR UPDATE")
            calls = [asyncio.create_task(issuer.issue(key)) for key in keys]
            waits = calls.pop(10)
            told = await asyncio.gather(*calls)
            with pytest.raises(IssueTimeout, match="its UPDATE waits for another transaction"):
                await issuer.issue(keys[10], timeout=1)
        assert await waits == 21

    assert sorted(told) == list(range(1, 21))
    table.check_gapless()
    table.run(f"DROP FUNCTION {table.name}_w CASCADE")
