"""The example application: its numbers, and the order of commit and response.

A client that has seen a number must be able to rely on it. So the transaction has to be
committed before the response begins; the usual way of writing a FastAPI dependency
commits after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, Request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from examples.invoices.app import CREDIT_LIMIT, create_app, invoice_numbers
from examples.invoices.credit_notes import credit_note_numbers
from examples.invoices.db import make_engine
from examples.invoices.models import CreditNote, Invoice
from tests.clients.base import PATIENCE
from tests.invoices import Witness, committed, empty_database, serving

FINE = {"customer": "Ada", "cents": 1}
TOO_MUCH = {"customer": "Bob", "cents": CREDIT_LIMIT + 1}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'invoices.db'}"
        return
    with empty_database(request.getfixturevalue("postgres")) as url:
        yield url


class TestNumbers:
    async def test_refused_orders_leave_no_gap(self, url: str) -> None:
        orders = [TOO_MUCH if i % 3 == 1 else FINE for i in range(40)]
        async with serving(create_app(url, PATIENCE)) as client:
            posts = (client.post("/invoices", json=order) for order in orders)
            responses = await asyncio.gather(*posts)
        issued = [r.json()["number"] for r in responses if r.status_code == 201]
        assert [r.status_code for r in responses] == [
            201 if order is FINE else 409 for order in orders
        ]
        assert sorted(issued) == committed(url) == list(range(1, 28))

    async def test_refusal_comes_after_the_number_was_taken(
        self, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        taken = []
        next_value = type(invoice_numbers).next_value

        async def spy(*args: Any) -> int:
            taken.append(await next_value(*args))
            return taken[-1]

        monkeypatch.setattr(type(invoice_numbers), "next_value", spy)
        async with serving(create_app(url)) as client:
            for order in (FINE, TOO_MUCH, TOO_MUCH, FINE):
                await client.post("/invoices", json=order)
        assert taken == [1, 2, 2, 2]
        assert committed(url) == [1, 2]

    async def test_credit_is_checked_against_all_invoices_of_the_customer(
        self, url: str
    ) -> None:
        half = {"customer": "Ada", "cents": CREDIT_LIMIT // 2}
        async with serving(create_app(url, PATIENCE)) as client:
            posts = [client.post("/invoices", json=half) for _ in range(3)]
            statuses = [r.status_code for r in await asyncio.gather(*posts)]
        assert sorted(statuses) == [201, 201, 409]


class TestCommitBeforeResponse:
    async def test_handler_that_opens_the_transaction(self, url: str) -> None:
        app = create_app(url)
        witness = Witness(app, url)
        async with serving(app, witness) as client:
            await client.post("/invoices", json=FINE)
            await client.post("/invoices", json=TOO_MUCH)
            await client.post("/invoices", json=FINE)
        assert witness.saw == [(201, [1]), (409, [1]), (201, [1, 2])]

    async def test_common_wrong_way_commits_too_late(self, url: str) -> None:
        app = create_app(url)
        app.post("/late", status_code=201)(late)
        witness = Witness(app, url)
        async with serving(app, witness) as client:
            response = await client.post("/late")
        assert response.json() == 1  # the client has the number,
        assert witness.saw == [(201, [])]  # but when it was sent, nothing was committed
        assert committed(url) == [1]

    async def test_dependency_of_function_scope(self, url: str) -> None:
        app = create_app(url)
        app.post("/in-time", status_code=201)(in_time)
        witness = Witness(app, url)
        async with serving(app, witness) as client:
            response = await client.post("/in-time")
        assert response.json() == 1
        assert witness.saw == [(201, [1])]


async def session_that_commits(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions.begin() as session:
        yield session


async def late(session: Annotated[AsyncSession, Depends(session_that_commits)]) -> int:
    return await issue(session)


async def in_time(
    session: Annotated[AsyncSession, Depends(session_that_commits, scope="function")],
) -> int:
    return await issue(session)


async def issue(session: AsyncSession) -> int:
    number = await invoice_numbers.next_value(session)
    session.add(Invoice(number=number, **FINE))
    return number


@asynccontextmanager
async def issuing(url: str) -> AsyncIterator[None]:
    """Somebody else's transaction, which has drawn a number and takes its time."""
    engine = make_engine(url)
    async with AsyncSession(engine) as session:
        await invoice_numbers.next_value(session)
        yield
    await engine.dispose()


CREDIT = {"invoice_number": 1, "cents": 1}


class TestCreditNotes:
    async def test_numbered_once(self, url: str) -> None:
        async with serving(create_app(url, PATIENCE)) as client:
            posts = [client.post("/credit-notes", json=CREDIT) for _ in range(30)]
            notes = [r.json() for r in await asyncio.gather(*posts)]
            again = [
                (await client.post(f"/credit-notes/{note['id']}/number")).json()
                for note in notes
            ]
        assert again == notes
        numbers = [credit_note_numbers.parse(note["number"]).number for note in notes]
        assert sorted(numbers) == list(range(1, 31))

    async def test_there_is_none(self, url: str) -> None:
        async with serving(create_app(url)) as client:
            response = await client.post("/credit-notes/7/number")
        assert response.status_code == 404

    async def test_a_draft_that_a_crash_has_left(self, url: str) -> None:
        app = create_app(url)
        async with serving(app) as client:
            async with app.state.sessions.begin() as session:
                session.add(draft := CreditNote(**CREDIT))
            response = await client.post(f"/credit-notes/{draft.id}/number")
            async with app.state.sessions() as session:
                note = await session.get_one(CreditNote, draft.id)
        assert response.json() == {"id": draft.id, "number": note.number}
        assert note.issued_at is not None
        assert str(note.issued_at.year) == credit_note_numbers.parse(note.number).period


class TestApplication:
    async def test_client_is_asked_to_come_back_when_the_wait_is_too_long(
        self, url: str
    ) -> None:
        async with serving(create_app(url, patience=0.1)) as client:
            await client.post("/invoices", json=FINE)
            async with issuing(url):
                response = await client.post("/invoices", json=FINE)
            assert response.status_code == 503
            assert response.headers["Retry-After"] == "1"
            assert (await client.post("/invoices", json=FINE)).json()["number"] == 2

    async def test_readers_wait_only_on_sqlite(self, url: str) -> None:
        async with serving(create_app(url, patience=0.1)) as client:
            async with issuing(url):
                response = await client.get("/invoices")
            assert response.status_code == (503 if url.startswith("sqlite") else 200)

    async def test_other_errors_are_not_hidden(self, url: str) -> None:
        app = create_app(url)
        async with serving(app) as client:
            async with app.state.sessions.begin() as session:
                session.add(Invoice(number=1, **FINE))
            with pytest.raises(IntegrityError):
                await client.post("/invoices", json=FINE)

    async def test_invoices_are_listed(self, url: str) -> None:
        async with serving(create_app(url)) as client:
            await client.post("/invoices", json=FINE)
            await client.post("/invoices", json=FINE | {"order_number": 7})
            invoices = (await client.get("/invoices")).json()
        first = FINE | {"number": 1, "order_number": None}
        assert invoices == [FINE | {"number": 2, "order_number": 7}, first]

    async def test_page_is_served(self, url: str) -> None:
        async with serving(create_app(url)) as client:
            page = await client.get("/")
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert "<form>" in page.text
