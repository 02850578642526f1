"""asgiref's and Django's undocumented names: all that aseq uses, in this file only.

tests/django/test_private_names.py pins each of them, and says what to do when one changes.

Where `sync_to_async` runs a function (asgiref/sync.py, `SyncToAsync.__call__`), in order:

1. in the thread of the sync code that waits for this task (`AsyncToSync.executors.current`);
2. in the thread of the context (`thread_sensitive_context`), **if the context is true**: it
   tests the truth of the object, so one that is false is looked past;
3. in the thread of the sync code that the whole event loop runs under
   (`AsyncToSync.loop_thread_executors`);
4. in one thread that all other tasks share.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextvars import Context, ContextVar, Token
from typing import Any

from asgiref.sync import AsyncToSync, SyncToAsync, ThreadSensitiveContext
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

CURRENT: ContextVar[ThreadSensitiveContext] = SyncToAsync.thread_sensitive_context
"""The context whose thread asgiref uses: that of a request, or ours."""

EXECUTORS = SyncToAsync.context_to_thread_executor
"""The thread of each context; weak in its keys."""


def sync_caller() -> object | None:
    """What runs things in the thread of the sync code that waits for this code, if any."""
    caller: object | None = getattr(AsyncToSync.executors, "current", None)
    return caller


def has_sync_caller() -> bool:
    """Whether sync code further up waits for this task, and its thread is used.

    As asgiref finds it: first what the context knows of, last what the loop runs under.
    """
    if sync_caller():
        return True
    if CURRENT.get(None):
        return False
    return asyncio.get_running_loop() in AsyncToSync.loop_thread_executors


def executor_of(context: ThreadSensitiveContext) -> Executor | None:
    """The thread of a context; None before its first use, and after its end."""
    executor: Executor | None = EXECUTORS.get(context)
    return executor


def was_left(context: ThreadSensitiveContext) -> bool:
    """Whether its `async with` has ended.

    Before 3.13 asgiref keeps the token, used up. Which of the two errors a reset raises
    elsewhere tells whether it is.
    """
    token: Token[ThreadSensitiveContext] | None = context.token
    if token is None:
        return True
    try:
        Context().run(CURRENT.reset, token)
    except RuntimeError:
        return True
    except ValueError:  # of another context: it is refused, but not used up
        pass
    return False


def hidden_connection(using: str) -> BaseDatabaseWrapper | None:
    """The connection of sync code around the event loop, in its thread: asgiref hides it."""
    hidden = getattr(connections._connections, "_storage", None)
    return getattr(hidden, using, None)


def is_testcases(atomic: object) -> bool:
    """Whether an atomic block is the one around a test of Django's `TestCase`."""
    found: bool = getattr(atomic, "_from_testcase")  # noqa: B009  # an error if it is gone
    return found


def inserted_rows(query: Any) -> tuple[Sequence[Any], Sequence[Any]]:
    """The fields and the rows of an INSERT; none of a query of another kind."""
    return getattr(query, "fields", ()), getattr(query, "objs", ())


def minds_conflicts(query: Any) -> bool:
    """Whether rows of an INSERT that are in conflict with others are no error."""
    return getattr(query, "on_conflict", None) is not None


def wrap_outermost(connection: BaseDatabaseWrapper, wrapper: Callable[..., Any]) -> None:
    """As ``connection.execute_wrapper``, until it is unwrapped; once, however often asked.

    Before all others: what leaves that context manager removes the last one in the list.
    """
    if wrapper not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, wrapper)


def unwrap(connection: BaseDatabaseWrapper, wrapper: Callable[..., Any]) -> None:
    """Let statements go without a wrapper again."""
    connection.execute_wrappers.remove(wrapper)
