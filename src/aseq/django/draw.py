"""From a function's call to the task's block, and the thread that it is in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.db import router

from aseq._drive import UNUSABLE, report_loss

from . import conf
from .atomic import aatomic
from .block import OVER, Block
from .context import innermost
from .errors import NotInTransaction
from .routing import alias

T = TypeVar("T")


async def read(using: str | None, work: Callable[[str], T]) -> T:
    """Read in the task's block, if one is open, or anywhere."""
    using = alias(using, router.db_for_read)
    block = innermost(using)
    if block is not None and block.open:
        return await block.call(lambda: work(using))
    return await sync_to_async(work)(using)


async def write(name: str, using: str | None, work: Callable[[str], T]) -> T:
    """Write in the task's block.

    Raises:
        NotInTransaction: there is none, and the settings don't allow that.
    """
    using = alias(using, router.db_for_write)
    block = innermost(using)
    if block is None or not block.open:
        if conf.require_transaction():
            raise NotInTransaction(name, _advice(using, block))
        async with aatomic(using) as tx:
            return await tx.call(lambda: work(using))
    advice = block.outside_transaction()
    if advice is not None and conf.require_transaction():
        raise NotInTransaction(name, advice)
    lost_before = block.lost
    try:
        return await block.call(lambda: work(using))
    except BaseException as exc:
        if block.lost != lost_before:
            report_loss(exc, UNUSABLE)
        raise


def _advice(using: str, block: Block | None) -> str:
    if block is not None:
        return OVER
    return f"use it inside `async with aatomic(using={using!r}):`"
