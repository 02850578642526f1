"""The example application: its numbers, and the order of commit and response.

A client that has seen a number must be able to rely on it. So the transaction has to be
committed before the response begins; the usual way of writing a FastAPI dependency
commits after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from fastapi import Depends, FastAPI, Request
from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import sessionmaker

from examples.invoices import migrate
from examples.invoices.app import create_app
from examples.invoices.db import make_engine, make_sync_engine
from examples.invoices.issue import CREDIT_LIMIT
from examples.invoices.models import Base, Invoice
from examples.invoices.numbers import credit_note_numbers, invoice_numbers
from examples.invoices.settings import Settings
from examples.invoices.worker import number_drafts
from tests import invoices
from tests.clients.base import PATIENCE
from tests.invoices import Witness, committed, empty_database

FINE = {"customer": "Ada", "cents": 1}
TOO_MUCH = {"customer": "Bob", "cents": CREDIT_LIMIT + 1}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with the application's tables."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'invoices.db'}"
        create_tables(url)
        yield url
        return
    with empty_database(request.getfixturevalue("postgres")) as url:
        create_tables(url)
        yield url


def create_tables(url: str) -> None:
    engine = make_sync_engine(Settings(url))
    with engine.begin() as conn:
        Base.metadata.create_all(conn)
    engine.dispose()


def serving(
    app: FastAPI, wrapped: Any = None, tenant: str = "acme"
) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    return invoices.serving(app, wrapped, f"/{tenant}")


def printed(*numbers: int) -> list[str]:
    """The numbers as they are printed, in a year that may end during the test."""
    return [f"{number:05}" for number in numbers]


def counted(texts: list[str]) -> list[str]:
    return sorted(text.rpartition("-")[2] for text in texts)


class TestNumbers:
    async def test_refused_orders_leave_no_gap(self, url: str) -> None:
        orders = [TOO_MUCH if i % 3 == 1 else FINE for i in range(40)]
        async with serving(create_app(Settings(url, PATIENCE))) as client:
            posts = (client.post("/invoices", json=order) for order in orders)
            responses = await asyncio.gather(*posts)
            audited = (await client.get("/audit")).json()
        issued = [r.json()["number"] for r in responses if r.status_code == 201]
        assert [r.status_code for r in responses] == [
            201 if order is FINE else 409 for order in orders
        ]
        assert counted(issued) == counted(committed(url)) == printed(*range(1, 28))
        assert audited["ok"], audited["report"]

    async def test_refusal_comes_after_the_number_was_taken(
        self, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        taken = []
        draw = type(invoice_numbers).next

        async def spy(*args: Any, **kwargs: Any) -> Any:
            taken.append(await draw(*args, **kwargs))
            return taken[-1]

        monkeypatch.setattr(type(invoice_numbers), "next", spy)
        async with serving(create_app(Settings(url))) as client:
            for order in (FINE, TOO_MUCH, TOO_MUCH, FINE):
                await client.post("/invoices", json=order)
        assert [issued.number for issued in taken] == [1, 2, 2, 2]
        assert counted(committed(url)) == printed(1, 2)

    async def test_each_tenant_has_its_own(self, url: str) -> None:
        async with serving(app := create_app(Settings(url))) as client:
            await client.post("/invoices", json=FINE)
            other = httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://invoices/zoo"
            )
            async with other:
                number = (await other.post("/invoices", json=FINE)).json()["number"]
                assert [each["number"] for each in (await other.get("/invoices")).json()] == [
                    number
                ]
                assert (await other.get("/audit")).json()["ok"]
        assert counted([number]) == printed(1)
        assert counted(committed(url)) == printed(1, 1)

    async def test_credit_is_checked_against_all_invoices_of_the_customer(
        self, url: str
    ) -> None:
        half = {"customer": "Ada", "cents": CREDIT_LIMIT // 2}
        async with serving(create_app(Settings(url, PATIENCE))) as client:
            posts = [client.post("/invoices", json=half) for _ in range(3)]
            statuses = [r.status_code for r in await asyncio.gather(*posts)]
        assert sorted(statuses) == [201, 201, 409]

    async def test_void_invoice_keeps_its_number_and_is_explained(self, url: str) -> None:
        dear = {"customer": "Ada", "cents": CREDIT_LIMIT}
        async with serving(create_app(Settings(url))) as client:
            number = (await client.post("/invoices", json=dear)).json()["number"]
            for status in (204, 404):
                void = {"reason": "sent twice"}
                response = await client.post(f"/invoices/{number}/void", json=void)
                assert response.status_code == status
            assert (await client.post("/invoices", json=dear)).status_code == 201  # not owed
            audited = (await client.get("/audit")).json()
            listed = (await client.get("/invoices")).json()
        assert audited["ok"]
        assert "1 void" in audited["report"]
        assert [each["void_reason"] for each in listed] == [None, "sent twice"]


class TestCommitBeforeResponse:
    async def test_handler_that_opens_the_transaction(self, url: str) -> None:
        app = create_app(Settings(url))
        witness = Witness(app, url)
        async with serving(app, witness) as client:
            await client.post("/invoices", json=FINE)
            await client.post("/invoices", json=TOO_MUCH)
            await client.post("/invoices", json=FINE)
        saw = [(status, counted(numbers)) for status, numbers in witness.saw]
        assert saw == [(201, printed(1)), (409, printed(1)), (201, printed(1, 2))]

    async def test_common_wrong_way_commits_too_late(self, url: str) -> None:
        app = with_route(create_app(Settings(url)), late)
        witness = Witness(app, url)
        async with serving(app, witness) as client:
            response = await client.post("/way")
        assert counted([response.json()]) == printed(1)  # the client has the number,
        assert witness.saw == [(201, [])]  # but when it was sent, nothing was committed
        assert committed(url) == [response.json()]

    async def test_dependency_of_function_scope(self, url: str) -> None:
        app = with_route(create_app(Settings(url)), in_time)
        witness = Witness(app, url)
        async with serving(app, witness) as client:
            response = await client.post("/way")
        assert witness.saw == [(201, [response.json()])]


def with_route(app: FastAPI, handler: Any) -> FastAPI:
    """The application, with a handler before its files."""
    app.post("/acme/way", status_code=201)(handler)
    app.router.routes.insert(0, app.router.routes.pop())
    return app


async def session_that_commits(request: Request) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(request.app.state.engine) as session, session.begin():
        yield session


async def late(session: Annotated[AsyncSession, Depends(session_that_commits)]) -> str:
    return await issue(session)


async def in_time(
    session: Annotated[AsyncSession, Depends(session_that_commits, scope="function")],
) -> str:
    return await issue(session)


async def issue(session: AsyncSession) -> str:
    issued = await invoice_numbers.next(session, tenant="acme")
    session.add(Invoice(tenant="acme", number=issued.text, **FINE))
    return issued.text


@asynccontextmanager
async def issuing(url: str) -> AsyncIterator[None]:
    """Somebody else's transaction, which has drawn a number and takes its time."""
    engine = make_engine(Settings(url))
    async with AsyncSession(engine) as session:
        await invoice_numbers.next(session, tenant="acme")
        yield
    await engine.dispose()


class TestCreditNotes:
    async def test_have_a_series_of_their_own(self, url: str) -> None:
        async with serving(create_app(Settings(url))) as client:
            numbers = []
            for _ in range(2):
                invoice = (await client.post("/invoices", json=FINE)).json()["number"]
                notes = f"/invoices/{invoice}/credit-notes"
                numbers.append((await client.post(notes, json={"cents": 1})).json()["number"])
            missing = await client.post("/invoices/INV-1/credit-notes", json={"cents": 1})
            third = (await client.post(notes, json={"cents": 1})).json()["number"]
        assert missing.status_code == 404
        parsed = [credit_note_numbers.parse(each, tenant="acme") for each in [*numbers, third]]
        assert [each.number for each in parsed] == [1, 2, 3]


class TestDrafts:
    async def test_numbered_once(self, url: str) -> None:
        async with serving(create_app(Settings(url, PATIENCE))) as client:

            async def issue() -> dict[str, Any]:
                draft = (await client.post("/drafts", json=FINE)).json()
                assert draft["number"] is None
                issued: dict[str, Any] = (await numbered(draft["id"])).json()
                return issued

            async def numbered(key: int) -> httpx.Response:
                return await client.post(f"/drafts/{key}/number")

            drafts = await asyncio.gather(*(issue() for _ in range(30)))
            again = [(await numbered(draft["id"])).json() for draft in drafts]
            nobodys = await numbered(7777)
            audited = (await client.get("/audit")).json()
        assert again == drafts
        assert counted([draft["number"] for draft in drafts]) == printed(*range(1, 31))
        assert nobodys.status_code == 404
        assert audited["ok"], audited["report"]

    async def test_month_end_numbers_what_is_left(self, url: str) -> None:
        async with serving(app := create_app(Settings(url))) as client:
            for _ in range(3):
                await client.post("/drafts", json=FINE)
            await client.post("/invoices", json=FINE)
            assert await asyncio.to_thread(month_end, url) == 3
            assert await asyncio.to_thread(month_end, url) == 0
            audited = (await client.get("/audit")).json()
            async with AsyncSession(app.state.reader) as session:
                dates = (await session.scalars(select(Invoice.issued_at))).all()
        assert counted(committed(url)) == printed(1, 2, 3, 4)
        assert audited["ok"], audited["report"]
        assert None not in dates


def month_end(url: str) -> int:
    engine = make_sync_engine(Settings(url))
    try:
        return number_drafts(sessionmaker(engine), at_a_time=2)
    finally:
        engine.dispose()


class TestMigration:
    def test_it_creates_what_the_models_say(self, url: str, tmp_path: Path) -> None:
        engine = make_sync_engine(Settings(url))
        with engine.begin() as conn:
            Base.metadata.drop_all(conn)
        migrate.upgrade(Settings(url))
        migrate.upgrade(Settings(url))
        with engine.connect() as conn:
            assert compare_metadata(MigrationContext.configure(conn), Base.metadata) == []
            assert inspect(conn).has_table("aseq_sequence")
        engine.dispose()


class TestApplication:
    async def test_client_is_asked_to_come_back_when_the_wait_is_too_long(
        self, url: str
    ) -> None:
        async with serving(create_app(Settings(url, patience=0.1))) as client:
            await client.post("/invoices", json=FINE)
            async with issuing(url):
                response = await client.post("/invoices", json=FINE)
            assert response.status_code == 503
            assert response.headers["Retry-After"] == "1"
            second = await client.post("/invoices", json=FINE)
            assert counted([second.json()["number"]]) == printed(2)

    async def test_readers_do_not_wait(self, url: str) -> None:
        async with serving(create_app(Settings(url, patience=0.1))) as client:
            async with issuing(url):
                listed, audited = await client.get("/invoices"), await client.get("/audit")
            assert (listed.status_code, audited.status_code) == (200, 200)

    async def test_other_errors_are_not_hidden(self, url: str) -> None:
        app = create_app(Settings(url))
        async with serving(app) as client:
            async with AsyncSession(app.state.engine) as session, session.begin():
                taken = (await invoice_numbers.preview(session, tenant="acme")).text
                session.add(Invoice(tenant="acme", number=taken, **FINE))
            with pytest.raises(IntegrityError):
                await client.post("/invoices", json=FINE)

    async def test_page_is_served(self, url: str) -> None:
        async with invoices.serving(create_app(Settings(url))) as client:
            page = await client.get("/")
            files = [(await client.get(name)).status_code for name in ("/page.js", "/page.css")]
        assert page.headers["content-type"].startswith("text/html")
        assert "<form>" in page.text
        assert files == [200, 200]
