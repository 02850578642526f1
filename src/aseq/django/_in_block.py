"""The block that async code draws in."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext

from . import conf
from ._block.atomic import aatomic, how_to_open, open_block
from ._block.block import Block
from .errors import NotInTransaction


def in_block(name: str, using: str) -> AbstractAsyncContextManager[Block]:
    """The task's open block; or one of the call's own, where the settings allow that.

    Args:
        name: of the sequence, for the error.
        using: the alias of its database.

    Raises:
        NotInTransaction: there is none, and the settings don't allow that.
    """
    block = open_block(using)
    if block is not None:
        return nullcontext(block)
    if conf.require_transaction():
        raise NotInTransaction(name, how_to_open(using))
    return aatomic(using)
