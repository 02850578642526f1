"""Fixtures for the tests of one adapter."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.adapters.alembic_project import Project
from tests.adapters.sqlalchemy_setups import DRIVERS, create_tables, engine_for, postgres_url
from tests.clients.mysql import connect_pymysql


@pytest.fixture(params=DRIVERS)
async def engine(request: pytest.FixtureRequest, postgres: str) -> AsyncIterator[AsyncEngine]:
    """An engine of SQLAlchemy on PostgreSQL, whose database has the tables."""
    url = postgres_url(postgres, request.param)
    await create_tables(url)
    async with engine_for(url) as engine:
        yield engine


@contextmanager
def on_mariadb(server: str, name: str) -> Iterator[str]:
    """A database of its own, by the name that SQLAlchemy has for either server."""
    url = make_url(server).set(drivername="mysql+pymysql", database=name)
    with closing(connect_pymysql(server)) as admin, admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            yield url.render_as_string(hide_password=False)
        finally:
            cursor.execute(f"DROP DATABASE {name}")


@pytest.fixture(params=["mariadb", "postgresql", "sqlite"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    """A project with Alembic, on a database of its own."""
    if request.param == "sqlite":
        yield Project(tmp_path / "migrations", "sqlite", f"sqlite:///{tmp_path / 'aseq.db'}")
        return
    name = f"alembic_{secrets.token_hex(4)}"
    if request.param == "mariadb":
        with on_mariadb(request.getfixturevalue("mariadb"), name) as text:
            yield Project(tmp_path / "migrations", "mariadb", text)
        return
    server = request.getfixturevalue("postgres")
    url = make_url(server).set(drivername="postgresql+psycopg", database=name)
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            text = url.render_as_string(hide_password=False)
            yield Project(tmp_path / "migrations", "postgresql", text)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
