"""The example application, its migration and its worker, behind a real PgBouncer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from sqlalchemy.orm import sessionmaker

from examples.invoices import migrate
from examples.invoices.app import create_app
from examples.invoices.db import make_sync_engine
from examples.invoices.issue import CREDIT_LIMIT
from examples.invoices.settings import Settings
from examples.invoices.worker import number_drafts
from tests.invoices import empty_database, serving


@pytest.fixture
def settings(pooler: str, postgres: str) -> Iterator[Settings]:
    with empty_database(postgres) as url:
        yield Settings(urlsplit(pooler)._replace(path=urlsplit(url).path).geturl(), pooler=True)


async def test_orders_drafts_and_the_month_s_end(settings: Settings) -> None:
    await asyncio.to_thread(migrate.upgrade, settings)
    async with serving(create_app(settings), path="/acme") as client:
        amounts = [CREDIT_LIMIT + 1 if i % 3 == 0 else 1 for i in range(30)]
        posts = [
            client.post(path, json={"customer": "Ada", "cents": cents})
            for cents in amounts
            for path in ("/invoices", "/drafts")
        ]
        statuses = [response.status_code for response in await asyncio.gather(*posts)]
        assert sorted(statuses) == [201] * 50 + [409] * 10
        assert await asyncio.to_thread(month_end, settings) == 30
        audited = (await client.get("/audit")).json()
    assert audited["ok"], audited["report"]
    assert "numbers 1 to 50; counter at 50" in audited["report"]


def month_end(settings: Settings) -> int:
    engine = make_sync_engine(settings)
    try:
        return number_drafts(sessionmaker(engine))
    finally:
        engine.dispose()
