"""What is unwrapped, and what isn't; and the tracing libraries themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import wrapt

from aseq import AsyncSequence, UnsupportedConnection
from aseq.adapters.base import unwrapped


class Known:
    """The class of a connection, as a library has it."""


class Subclass(Known):
    """One that a user made of it, which has something of another kind in it."""

    __wrapped__ = Known()


def known(cls: type) -> bool:
    return issubclass(cls, Known)


def test_as_many_proxies_as_there_are() -> None:
    connection: object = Known()
    proxy = connection
    for _ in range(7):
        proxy = wrapt.ObjectProxy(proxy)
        assert unwrapped(proxy, known) is connection


def test_a_subclass_is_taken_as_it_is() -> None:
    connection = Subclass()

    assert unwrapped(connection, known) is connection
    assert unwrapped(wrapt.ObjectProxy(connection), known) is connection


def test_a_chain_without_an_end() -> None:
    class Endless:
        @property
        def __wrapped__(self) -> Endless:
            return self

    endless = Endless()

    assert unwrapped(endless, known) is endless


async def test_a_proxy_of_something_else_is_named_itself() -> None:
    proxy = wrapt.ObjectProxy(object())

    with pytest.raises(UnsupportedConnection, match="ObjectProxy: pass an open connection"):
        await AsyncSequence("invoices").next_value(proxy)


@pytest.mark.parametrize("library", ["ddtrace", "opentelemetry"])
def test_traced_for_real(library: str, postgres: str, tmp_path: Path) -> None:
    """In a process of its own, for a library that patches drivers patches them for good."""
    script = Path(__file__).with_name("traced.py")
    command = [sys.executable, str(script), library, postgres, str(tmp_path)]

    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "asyncpg 1",
        "asyncpg pool 1",
        "psycopg 1",
        "psycopg in threads 1",
        "sqlite3 1",
        "aiosqlite 1",
        "SQLAlchemy on asyncpg 1",
        "SQLAlchemy on psycopg 1",
        "SQLAlchemy on aiosqlite 1",
    ]
