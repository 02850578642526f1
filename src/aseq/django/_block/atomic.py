"""`aatomic`: `transaction.atomic` for async code."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, overload

from asgiref.sync import iscoroutinefunction
from django.db import DEFAULT_DB_ALIAS
from django.utils.decorators import method_decorator

from .block import Block
from .lifecycle import Entry, current_task, innermost
from .state import OVER
from .worker import Moved

WHICH = (
    "rolled back: two tasks share one `aatomic` object, and a third task left it, so the block "
    "to end is unknown. Create one `aatomic()` per entry"
)

T = TypeVar("T")
P = ParamSpec("P")
Function = Callable[P, Coroutine[Any, Any, T]]


class AsyncAtomic:
    """What `aatomic` gives: an asynchronous context manager, and a decorator."""

    def __init__(self, using: str | None, savepoint: bool, durable: bool) -> None:
        self._using = DEFAULT_DB_ALIAS if using is None else using
        self._savepoint, self._durable = savepoint, durable
        self._entries: list[Entry] = []

    async def __aenter__(self) -> Block:
        try:
            entry = await self._enter()
        except Moved:  # the request ended meanwhile, and nothing was done in the block
            entry = await self._enter()
        self._entries.append(entry)
        return entry.block

    async def _enter(self) -> Entry:
        entry = Entry(self._using, self._savepoint, self._durable)
        await entry.enter()
        return entry

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        task = current_task()
        # One object may be entered again, and by several tasks; a task may leave what
        # another one entered, as pytest's fixtures do.
        mine = [entry for entry in self._entries if entry.task is task]
        if not mine and len(self._entries) > 1:
            for entry in self._entries:
                entry.state.require_rollback(WHICH)
        entry = (mine or self._entries)[-1]
        self._entries.remove(entry)
        await entry.exit(exc)

    def __call__(self, func: Function[P, T], /) -> Function[P, T]:
        # `method_decorator` tries it on a function of its own first, which isn't async.
        tried = getattr(func, "__module__", None) == method_decorator.__module__
        if not (iscoroutinefunction(func) or tried):
            raise TypeError("aatomic decorates async functions; atomic decorates others")

        @wraps(func)
        async def inside(*args: P.args, **kwargs: P.kwargs) -> T:
            async with AsyncAtomic(self._using, self._savepoint, self._durable):
                return await func(*args, **kwargs)

        return inside


@overload
def aatomic(using: Function[P, T], /) -> Function[P, T]: ...


@overload
def aatomic(
    using: str | None = None, savepoint: bool = True, durable: bool = False
) -> AsyncAtomic: ...


def aatomic(
    using: str | Function[P, T] | None = None, savepoint: bool = True, durable: bool = False
) -> AsyncAtomic | Function[P, T]:
    """`django.db.transaction.atomic` for async code, in which no number can get lost.

        async with aatomic():
            number = await get_next_value("invoices")
            await Invoice.objects.acreate(number=number)

    It also decorates async functions, with or without parentheses. A block inside another
    one of the same task is a savepoint. Other tasks' blocks on the same connection wait
    until this one has ended; tasks started inside the block may draw in it, but open none.

    Inside a request, and under sync code, the block is on the connection that Django
    uses there. Anywhere else it gets a thread and a connection of its own, which all
    async ORM calls inside the block use.

    Cancelling is safe: the block never begins or ends half-way, and if a number may have
    been lost it rolls back, and raises TransactionManagementError if nothing else.

    Args:
        using: a database alias; "default" by default.
        savepoint: make a savepoint if the block is inside another one.
        durable: refuse to be inside another one.

    Returns:
        an asynchronous context manager that gives a connection for `AsyncSequence`, with
        ``on_commit(func)`` and ``set_rollback()``.

    Raises:
        TransactionManagementError: from entering, where the block can't be the task's own
            (another task's block, or a foreign transaction, is open there; a test's own
            is elsewhere; two tasks would wait for each other forever); from leaving, if
            it rolled back though there was no error: a number may have been lost, or
            something begun inside it was left open.
        ImproperlyConfigured: ``ASEQ_MAX_BLOCKS`` can't work.
        RuntimeError: a durable block is inside another one.
        TypeError: the function to decorate isn't async.
    """
    if callable(using):
        return AsyncAtomic(None, savepoint, durable)(using)
    return AsyncAtomic(using, savepoint, durable)


def open_block(using: str) -> Block | None:
    """The open block on a database that the current code is in."""
    entry = innermost(using)
    return entry.block if entry is not None and entry.is_open else None


def how_to_open(using: str) -> str:
    """What to do first, where no block is open."""
    if innermost(using) is not None:
        return OVER
    return f"use it inside `async with aatomic(using={using!r}):`"
