"""A commit whose answer is lost is never worth another try, whatever was tried before it.

The server commits, and the network is cut before it can say so. The retry loop is a bad
one, as many are: its second try runs inside the `except` of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from threading import Thread

import pytest

from aseq import AsyncSequence, is_retryable
from tests import clients
from tests.cases import CASES
from tests.clients import Client
from tests.database import Database
from tests.faults.aftermath import assert_free
from tests.proxy import Proxy, proxy_before

BY_DRIVER = [
    clients.Asyncpg,
    clients.AsyncpgPool,
    clients.Psycopg,
    clients.PsycopgBlock,
    clients.PsycopgThread,
    clients.SessionAsyncpg,
    clients.SessionPsycopg,
    clients.ConnectionAsyncpg,
    clients.AatomicPostgres,
    clients.TortoiseAsyncpg,
    clients.TortoisePsycopg,
]

SERIALIZATION_FAILURE = "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"


@contextmanager
def commit_unanswered(proxy: Proxy) -> Iterator[None]:
    """From now on, the server's next answer is lost, and every connection with it."""

    def cut() -> None:
        proxy.wait_for_answer()
        proxy.cut()
        proxy.release()

    proxy.hold_answers()
    thread = Thread(target=cut)
    thread.start()
    try:
        yield
    finally:
        thread.join()


class Order:
    """One order, which must become one row however often it is tried.

    Attributes:
        errors: what each try ended in.
    """

    def __init__(self, kind: type[Client], proxy: Proxy, name: str) -> None:
        self._kind, self._proxy, self._name = kind, proxy, name
        self.errors: list[Exception] = []

    async def place(self) -> None:
        """Try it; while the error is worth it, again, in the middle of handling it."""
        try:
            await self._once()
        except Exception as exc:
            self.errors.append(exc)
            if is_retryable(exc):
                await self.place()
            raise

    async def _once(self) -> None:
        client = self._kind(self._proxy.url)
        await client.open()
        try:
            with ExitStack() as at_commit:
                async with client.transaction():
                    if not self.errors:
                        await client.execute(SERIALIZATION_FAILURE)
                    number = await AsyncSequence(self._name).next_value(client.conn)
                    await client.save(self._name, number)
                    if len(self.errors) == 1:
                        at_commit.enter_context(commit_unanswered(self._proxy))
        finally:
            with suppress(Exception):
                await client.close()


def by_hand(exc: Exception) -> Exception:
    """As an application that has errors of its own."""
    try:
        raise LookupError("order 17") from exc
    except LookupError as wrapper:
        return wrapper


def in_a_group(exc: Exception) -> Exception:
    """As a TaskGroup raises it."""
    return ExceptionGroup("unhandled errors in a TaskGroup", [exc])


def in_groups(exc: Exception) -> Exception:
    """As nested ones do."""
    return in_a_group(by_hand(in_a_group(exc)))


WRAPPED: list[Callable[[Exception], Exception]] = [by_hand, in_a_group, in_groups]


@pytest.mark.parametrize("kind", BY_DRIVER)
async def test_one_order_is_one_row(postgres: str, name: str, kind: type[Client]) -> None:
    database = Database(CASES[0], postgres)
    database.create_tables()
    with proxy_before(postgres) as proxy:
        order = Order(kind, proxy, name)
        with suppress(Exception):  # each driver has its own
            await order.place()

    assert database.saved(name) == [1]
    again, lost = order.errors
    assert is_retryable(again)
    assert all(is_retryable(wrapped(again)) for wrapped in WRAPPED)
    assert not is_retryable(lost)
    assert not any(is_retryable(wrapped(lost)) for wrapped in WRAPPED)
    assert not is_retryable(ExceptionGroup("two orders", [again, lost]))
    await assert_free(database, name)
