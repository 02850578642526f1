"""Which `aatomic` blocks are around the current code, and which is open on a connection.

What Django knows of a block (`in_atomic_block`) is true for every task that shares the
connection, and proves nothing.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from django.db.backends.base.base import BaseDatabaseWrapper

if TYPE_CHECKING:
    from .transaction import Transaction

# The open blocks of the current context, by alias. It may be a copy, and be outdated:
# only a block itself knows whether it is open.
blocks: ContextVar[dict[str, Transaction]] = ContextVar("aseq_blocks")


def innermost(using: str) -> Transaction | None:
    """The block on a database that the current context was last inside of."""
    return blocks.get({}).get(using)


def is_anothers(connection: BaseDatabaseWrapper) -> bool:
    """Whether the block that is open on a connection isn't the one around this code.

    Sync code that another task runs in the same thread would draw in it unawares.
    """
    open_here = [
        atomic.aseq_block
        for atomic in connection.atomic_blocks
        if hasattr(atomic, "aseq_block")
    ]
    return bool(open_here) and open_here[-1] is not innermost(connection.alias)
