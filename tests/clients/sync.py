"""Connections of sync code: aseq.sync works on them, in worker threads, behind the same verbs.

The contract suite awaits the verbs of `AsyncSequence` and its like. On these connections it is
the twins of aseq.sync that are called (`use_aseq_sync`), each in a thread of its own.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from types import FunctionType, ModuleType
from typing import Any, ClassVar

import pytest

import aseq
from aseq import AsyncSequence, sync

from .base import in_thread
from .sqlite import Sqlite3, Sqlite3Legacy
from .threads import PsycopgThread, PsycopgThreadBlock


class SyncPsycopg(PsycopgThread):
    awaited: ClassVar[bool] = False


class SyncPsycopgBlock(PsycopgThreadBlock):
    awaited: ClassVar[bool] = False


class SyncSqlite3(Sqlite3):
    awaited: ClassVar[bool] = False


class SyncSqlite3Legacy(Sqlite3Legacy):
    awaited: ClassVar[bool] = False


Verb = Callable[..., Awaitable[Any]]


def _awaited(function: Callable[..., Any]) -> Verb:
    async def verb(*args: Any, **kwargs: Any) -> Any:
        return await in_thread(lambda: function(*args, **kwargs))

    return verb


def _of_sequence(name: str) -> Verb:
    def call(sequence: AsyncSequence, *args: Any, **kwargs: Any) -> Any:
        return getattr(sync.Sequence.of(sequence), name)(*args, **kwargs)

    return _awaited(call)


def _iterate(sequence: AsyncSequence, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
    values = sync.Sequence.of(sequence).iterate(*args, **kwargs)

    async def turns() -> AsyncGenerator[Any, None]:
        while True:
            yield await in_thread(lambda: next(values))

    return turns()


FUNCTIONS: dict[Any, Verb] = {
    aseq.create_table: _awaited(sync.create_table),
    aseq.drop_table: _awaited(sync.drop_table),
}
"""Those of aseq, and their twins in sync code."""


def use_aseq_sync(patch: pytest.MonkeyPatch, modules: Iterable[ModuleType]) -> None:
    """Let the verbs be those of aseq.sync, as far as these modules call them."""
    for name in ("next_value", "next_values", "last_value", "advance_to", "delete"):
        patch.setattr(AsyncSequence, name, _of_sequence(name))
    patch.setattr(AsyncSequence, "iterate", _iterate)
    for module in (aseq, *modules):
        for name, value in list(vars(module).items()):
            if isinstance(value, FunctionType) and value in FUNCTIONS:
                patch.setattr(module, name, FUNCTIONS[value])
