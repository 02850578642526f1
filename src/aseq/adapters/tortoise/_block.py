"""Which block of `in_transaction()` a client belongs to, and whether that is still open.

Tortoise's clients don't say: one that has ended still runs statements, outside any
transaction, or on a connection that another task uses by now.
"""

from __future__ import annotations

from typing import Any, TypeGuard

from tortoise.backends.base.client import BaseDBAsyncClient, TransactionalDBClient
from tortoise.connection import get_connection
from tortoise.exceptions import ConfigurationError, TransactionManagementError

from aseq.adapters.base import Watcher, unsupported

CLIENT = "`async with in_transaction() as client:`"

OUTSIDE = f"open one, and pass its client: {CLIENT}"

ENDED = f"its block has ended, or was ended by the database: open a new one, {CLIENT}"

_ANOTHERS = (
    "its block wasn't opened by this task, nor by the one that started it: "
    f"open one here, {CLIENT}"
)

LOST = (
    "aseq: this transaction was rolled back when a draw was cancelled that may have drawn "
    "a number. Leave the block, and try again in a new one"
)


class LostConnection:
    """Stands where a client had its connection. Whatever is asked of it, it explains.

    Attributes:
        watcher: told of it.
    """

    watcher: Watcher | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self.watcher is not None:
            self.watcher.used()
        raise TransactionManagementError(LOST)


def is_in_block(client: BaseDBAsyncClient) -> TypeGuard[TransactionalDBClient]:
    """Whether it is what `in_transaction()` yields, and not the client around it."""
    return isinstance(client, TransactionalDBClient)


def blocks(client: TransactionalDBClient) -> list[TransactionalDBClient]:
    """The client, and those of the blocks around it; the whole transaction's is the last."""
    found = [client]
    while is_in_block(parent := found[-1]._parent):
        found.append(parent)
    return found


def check_open(client: BaseDBAsyncClient) -> None:
    """Refuse the client of a block that isn't open, or is none of this task's.

    Raises:
        UnsupportedConnection: it is one. Nothing was sent.
        TransactionManagementError: the block was lost with a number.
    """
    if not is_in_block(client):
        return
    if isinstance(client._connection, LostConnection):
        raise TransactionManagementError(LOST)
    around = blocks(client)
    if any(block._finalized for block in around):
        raise unsupported(client, {}, ENDED)
    if _current(client.connection_name) is not around[-1]:
        raise unsupported(client, {}, _ANOTHERS)


def _current(name: str) -> BaseDBAsyncClient | None:
    """The client that this task, or the one that started it, has under a name."""
    try:
        return get_connection(name)
    except (RuntimeError, ConfigurationError):  # Tortoise isn't set up in this task
        return None
