"""What the blocks of a page may take for granted, and what is checked after them.

A page's blocks name the PostgreSQL database ``postgresql://localhost/shop`` or the MariaDB
database ``mysql://shop@127.0.0.1/shop``, and SQLite files in the current
folder. Here these become real: a new database for each page.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import httpx
import psycopg
from alembic.migration import MigrationContext
from alembic.operations import Operations
from fastapi import FastAPI
from sqlalchemy import DateTime, Engine, create_engine, inspect, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from aseq.testing import assert_gapless
from tests.clients.mysql import connect_pymysql
from tests.docs.markdown import DOCS, blocks, titled

SHOP = "://localhost/shop"
MARIADB_SHOP = "://shop@127.0.0.1/shop"


@dataclass(frozen=True)
class Place:
    """Where the blocks of a page run."""

    folder: Path
    postgres: str
    mariadb: str = ""

    def localised(self, code: str) -> str:
        """The code with the real database in it."""
        for named, real in ((SHOP, self.postgres), (MARIADB_SHOP, self.mariadb)):
            code = code.replace(named, real[real.find("://") :])
        return code


@contextmanager
def place(
    page: Path, folder: Path, postgres: Callable[[], str], mariadb: Callable[[], str]
) -> Iterator[Place]:
    """A folder, and a database of its own on PostgreSQL or MariaDB if the page names one."""
    if any(MARIADB_SHOP in block.code for block in blocks(page)):
        with _on_mariadb(mariadb()) as url:
            yield Place(folder, "", url)
        return
    wanted = any(SHOP in block.code or block.language == "sql" for block in blocks(page))
    if not wanted:
        yield Place(folder, "")
        return
    server, name = postgres(), f"docs_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        try:
            yield Place(folder, urlsplit(server)._replace(path=f"/{name}").geturl())
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def _on_mariadb(server: str) -> Iterator[str]:
    name = f"docs_{secrets.token_hex(6)}"
    with connect_pymysql(server) as admin, admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            cursor.execute(f"DROP DATABASE {name}")


@asynccontextmanager
async def prepared(page: str, namespace: ModuleType) -> AsyncIterator[None]:
    """The page's own set-up, if it has one; disposes of the engines that the page made."""
    try:
        async with SETUPS.get(page, _nothing)(namespace):
            yield
    finally:
        for value in list(vars(namespace).values()):
            if isinstance(value, AsyncEngine):
                await value.dispose()
            elif isinstance(value, Engine):
                value.dispose()


@asynccontextmanager
async def _nothing(_namespace: ModuleType) -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def _shop(namespace: ModuleType) -> AsyncIterator[None]:
    """The engine and the Invoice of the tutorial, and their tables."""
    program = next(block.code for block in blocks(DOCS / "tutorial.md") if block.title)
    definitions, _, _ = program.partition("async def create_invoice")
    scope: dict[str, object] = {"__name__": namespace.__name__}
    exec(compile(definitions, "tutorial.md", "exec", dont_inherit=True), scope)
    vars(namespace).update({name: scope[name] for name in ("Base", "Invoice", "engine")})
    async with namespace.engine.begin() as conn:
        await conn.run_sync(namespace.Base.metadata.create_all)
    yield


@asynccontextmanager
async def _served(namespace: ModuleType) -> AsyncIterator[None]:
    """The page's own application, to which it adds endpoints, and its table."""
    program = titled(DOCS / "how-to" / "fastapi.md", "shop.py")
    exec(compile(program, "shop.py", "exec", dont_inherit=True), vars(namespace))
    async with namespace.lifespan(namespace.app):
        yield


@asynccontextmanager
async def _session(namespace: ModuleType) -> AsyncIterator[None]:
    async with _shop(namespace), AsyncSession(namespace.engine) as session:
        namespace.session = session  # type: ignore[attr-defined]
        yield


@asynccontextmanager
async def _any_customer(namespace: ModuleType) -> AsyncIterator[None]:
    """An Invoice that needs a number only, and a session."""
    async with _session(namespace):
        namespace.Invoice = partial(namespace.Invoice, customer="Ada")  # type: ignore[attr-defined]
        yield


@asynccontextmanager
async def _old_invoices(namespace: ModuleType) -> AsyncIterator[None]:
    async with _session(namespace):
        namespace.session.add(namespace.Invoice(number=4711, customer="Ada"))
        await namespace.session.commit()
        yield


class _Base(DeclarativeBase):
    pass


class Document(_Base):
    """An invoice whose number is a text."""

    __tablename__ = "document"

    number: Mapped[str] = mapped_column(primary_key=True)
    issued_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))


@asynccontextmanager
async def _application(namespace: ModuleType) -> AsyncIterator[None]:
    """An application without its endpoint; afterwards, requests to it."""
    async with _any_customer(namespace):
        async with namespace.engine.begin() as conn:
            await conn.run_sync(_Base.metadata.create_all)
        plain = namespace.Invoice

        def invoice(number: int | str, **other: object) -> object:
            return (Document if isinstance(number, str) else plain)(number=number, **other)

        app, session = FastAPI(), async_sessionmaker(namespace.engine)
        vars(namespace).update(app=app, async_session=session, Invoice=invoice)
        yield
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            for number in 1, 2, 3:
                response = await client.post("/invoices")
                assert response.json() == {"number": number}
        invoices = namespace.Base.metadata.tables["invoice"]
        assert_gapless(await namespace.session.scalars(select(invoices.c.number)))


@asynccontextmanager
async def _revision(namespace: ModuleType) -> AsyncIterator[None]:
    """Afterwards, runs the revision of the page."""
    yield
    engine = create_engine("sqlite://")
    with engine.connect() as conn, Operations.context(MigrationContext.configure(conn)):
        namespace.upgrade()
        assert inspect(conn).get_table_names() == ["aseq_sequence"]
        namespace.downgrade()
        inspector = inspect(conn)
        assert inspector.get_table_names() == []
    engine.dispose()


@asynccontextmanager
async def _migration(namespace: ModuleType) -> AsyncIterator[None]:
    """Afterwards, makes what the page's migration makes, and closes its pool."""
    vars(namespace).update(ID="2026-11-27T12:00:00:000000", DESCRIPTION="")
    yield
    manager = await namespace.forwards()
    async with namespace.DB.transaction():
        for function in manager.raw:
            await function()
    await namespace.DB.close_connection_pool()


Setup = Callable[[ModuleType], AbstractAsyncContextManager[None]]

SETUPS: dict[str, Setup] = {
    "README.md": _application,
    "docs/index.md": _any_customer,
    "docs/how-to/fastapi.md": _served,
    "docs/how-to/migrations.md": _revision,
    "docs/how-to/piccolo.md": _migration,
    "docs/how-to/retries.md": _shop,
    "docs/how-to/take-over.md": _old_invoices,
    "docs/how-to/testing.md": _shop,
}
