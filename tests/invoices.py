"""What the tests of the example application share: a database, a client, a witness."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@contextmanager
def empty_database(server: str) -> Iterator[str]:
    """The URL of a new database on a PostgreSQL server."""
    name = f"aseq_example_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def serving(
    app: FastAPI, wrapped: ASGIApp | None = None, path: str = ""
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that has started."""
    transport = httpx.ASGITransport(wrapped or app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=f"http://invoices{path}") as client,
    ):
        yield client


def committed(url: str) -> list[Any]:
    """The invoice numbers that another connection sees."""
    sql = "SELECT number FROM invoice WHERE number IS NOT NULL ORDER BY number"
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as pg:
            return [number for (number,) in pg.execute(sql)]
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as lite:
        return [number for (number,) in lite.execute(sql)]


class Witness:
    """Looks, when a response begins, at what is committed by then."""

    def __init__(self, app: ASGIApp, url: str) -> None:
        self.app, self.url = app, url
        self.saw: list[tuple[int, list[Any]]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.saw.append((message["status"], committed(self.url)))
            await send(message)

        await self.app(scope, receive, watched)
