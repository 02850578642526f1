"""The undocumented names of asgiref and Django in `aseq.django._private`, pinned.

**When one of these fails after an update of asgiref or Django:** nothing else can be trusted
in `aatomic` until it is right. Read `SyncToAsync.__call__`, `AsyncToSync` and
`ThreadSensitiveContext` in asgiref/sync.py, and `Atomic` in django/db/transaction.py. Change
`_private.py` (no other file uses such names), keep the list in its docstring true, and run
tests/django/test_aatomic_*. asgiref 3.13 has ``ThreadSensitiveContext(executor=...)``: once
that is the lowest version, it can take the place of `EXECUTORS`.
"""

from __future__ import annotations

import asyncio
import io
import threading
import tokenize
from collections.abc import MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import AsyncToSync, SyncToAsync, ThreadSensitiveContext, sync_to_async
from django.db import connections, transaction
from django.db.models import Value
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery

import aseq.django
from aseq.django import _private
from tests.django.shop.models import Saved

NAMES = {
    *("AsyncToSync", "SyncToAsync", "executors", "loop_thread_executors"),
    *("thread_sensitive_context", "context_to_thread_executor"),
    *("_connections", "_storage", "_from_testcase"),
    *("objs", "on_conflict", "execute_wrappers"),
}
HOME = Path(aseq.django.__file__).parent


def names(path: Path) -> set[str]:
    source = io.StringIO(path.read_text(encoding="utf-8"))
    tokens = tokenize.generate_tokens(source.readline)
    return {token.string.strip("\"'") for token in tokens if token.type != tokenize.COMMENT}


def test_they_are_in_one_file() -> None:
    users = {
        path.relative_to(HOME).as_posix(): found
        for path in HOME.rglob("*.py")
        if (found := names(path) & NAMES)
    }
    assert users == {"_private.py": NAMES}


def test_they_are_there() -> None:
    assert isinstance(SyncToAsync.thread_sensitive_context, ContextVar)
    assert isinstance(SyncToAsync.context_to_thread_executor, MutableMapping)
    assert isinstance(AsyncToSync.loop_thread_executors, MutableMapping)
    assert getattr(AsyncToSync.executors, "current", None) is None
    assert ThreadSensitiveContext().token is None
    assert transaction.atomic()._from_testcase is False


def test_what_an_insert_knows(using: str) -> None:
    """Read `SQLInsertCompiler.as_sql` if this fails: fields that number themselves need it."""
    query, rows = InsertQuery(Saved), [Saved(name="a"), Saved(name="b")]
    assert _private.inserted_rows(query) == ([], [])
    query.insert_values(Saved._meta.local_fields, rows)
    assert _private.inserted_rows(query) == (Saved._meta.local_fields, rows)
    assert _private.inserted_rows(None) == ((), ())
    assert not _private.minds_conflicts(query)
    assert not _private.minds_conflicts(None)
    assert _private.minds_conflicts(InsertQuery(Saved, on_conflict=OnConflict.IGNORE))
    assert connections[using].execute_wrappers == []


def test_an_expression_is_told_its_query(using: str) -> None:
    told = list[object]()

    class Told(Value):
        def resolve_expression(self, query: object = None, *args: Any, **kwargs: Any) -> Any:
            told.append(query)
            return super().resolve_expression(query, *args, **kwargs)

    Saved.objects.using(using).bulk_create([Saved(name=Told("a"), number=1)])
    assert isinstance(told[0], InsertQuery)


def test_the_outermost_wrapper(using: str) -> None:
    """It sees what others raise, and doesn't take the place of one that ends."""
    order = list[str]()

    def wrapper(name: str) -> Any:
        def note(execute: Any, *args: Any) -> Any:
            order.append(name)
            return execute(*args)

        return note

    ours, theirs = wrapper("ours"), wrapper("theirs")
    connection = connections[using]
    with connection.execute_wrapper(theirs):
        _private.wrap_outermost(connection, ours)
        Saved.objects.using(using).exists()
    assert order == ["ours", "theirs"]
    assert connection.execute_wrappers == [ours]
    _private.unwrap(connection, ours)
    assert connection.execute_wrappers == []


def test_where_sync_code_keeps_its_connections(using: str) -> None:
    connection = connections[using]

    async def look() -> None:
        assert _private.hidden_connection(using) is connection
        assert connections[using] is not connection

    asyncio.run(look())


class Place(ThreadSensitiveContext):
    """A context that is true or false, as a block's is."""

    def __init__(self, truth: bool) -> None:
        super().__init__()
        self.truth = truth

    def __bool__(self) -> bool:
        return self.truth


@pytest.mark.parametrize("truth", [True, False])
async def test_asgiref_looks_past_a_context_that_is_false(truth: bool) -> None:
    place, executor = Place(truth), ThreadPoolExecutor(1, "aseq-test")
    _private.EXECUTORS[place] = executor
    try:
        context = copy_context()
        context.run(_private.CURRENT.set, place)
        found = asyncio.create_task(
            sync_to_async(lambda: threading.current_thread().name)(), context=context
        )
        assert (await found).startswith("aseq-test") is truth
    finally:
        executor.shutdown()


async def test_a_request_that_is_over_was_left() -> None:
    async with ThreadSensitiveContext() as request:
        assert not _private.was_left(request)
        await sync_to_async(int)()
        assert _private.executor_of(request) is not None
    assert _private.was_left(request)
    assert _private.executor_of(request) is None
