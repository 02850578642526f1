"""One call that draws, as the hooks are told of it. None is made unless there are hooks.

A hook is the application's own code, in the middle of ours. So what it raises is dropped; but
an interrupt (Ctrl-C, a worker's time limit) passes, and comes where the guard of `_drive` still
looks after the number: `drew` is called inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from time import perf_counter
from typing import Any, TypeAlias

from ._core.scripts import longest_wait
from ._core.statement import Row, Statement
from ._explain import Subject
from ._loss import has_lost
from .adapters.base import ConnectionInfo
from .errors import SequenceLocked
from .hooks._details import DrawDetails, Outcome
from .hooks._registry import REGISTRY

Count: TypeAlias = Callable[[Any], int]
"""How many numbers there are in the result of a plan."""


class Observation:
    """Tells the hooks.

    Args:
        spec: the sequence, or the sequences.
        info: the connection.
        count: how many numbers the plan's result has.
        waited: seconds that were waited before, by the server's clock.
    """

    def __init__(
        self, spec: Subject, info: ConnectionInfo, count: Count, waited: float | None
    ) -> None:
        self._count, self._waited = count, waited
        self._hooks, self._info = REGISTRY.hooks, info
        self._details = DrawDetails(
            sequences=spec._series, connection=info.kind, dialect=info.dialect.name
        )
        self._over = False
        self._managers: list[AbstractContextManager[object]] = []
        self._began = perf_counter()
        for hook in self._hooks:
            with suppress(Exception):
                self._enter(hook)

    def _enter(self, hook: Any) -> None:
        around = getattr(hook, "around", None)
        if around is not None:
            manager = around(self._details)
            manager.__enter__()
            self._managers.append(manager)

    def note(self, statement: Statement, rows: Sequence[Row]) -> None:
        """Note how long a statement waited, if the server tells."""
        if statement.waited is not None:
            with suppress(Exception):  # a codec of the caller's
                seconds = longest_wait(rows, statement.waited)
                if seconds is not None:
                    self._waited = seconds + (self._waited or 0.0)

    def drew(self, result: object) -> None:
        """The plan has come to its end, and the caller will get this."""
        if isinstance(result, BaseException):  # or have it raised
            self.failed(result)
            return
        count = 0
        with suppress(Exception):
            count = self._count(result)
        self._end("drawn", None, count=count, waited=self._waited)

    def failed(self, exc: BaseException) -> None:
        """The caller will get an error."""
        if has_lost(exc):
            self._end("lost", exc, waited=self._waited)
        elif isinstance(exc, SequenceLocked):
            waited = perf_counter() - self._began if exc.waited is None else exc.waited
            self._end("locked", exc, waited=waited)
        else:
            self._end("failed", exc, waited=self._waited)

    def _end(
        self,
        outcome: Outcome,
        error: BaseException | None,
        *,
        waited: float | None,
        count: int = 0,
    ) -> None:
        if self._over:  # interrupted while the hooks were told
            return
        self._over = True
        details = replace(
            self._details,
            dialect=self._info.dialect.name,  # by now it is known which one
            outcome=outcome,
            count=count,
            waited=waited,
            duration=perf_counter() - self._began,
            error=error,
        )
        try:
            for hook in self._hooks:
                with suppress(Exception):
                    hook(details)
        finally:
            while self._managers:
                with suppress(Exception):
                    _leave(self._managers.pop(), error)


def _leave(manager: AbstractContextManager[object], error: BaseException | None) -> None:
    if error is None:
        manager.__exit__(None, None, None)
        return
    try:
        manager.__exit__(type(error), error, error.__traceback__)
    except BaseException as exc:
        if exc is not error:  # as a context manager may raise again what it was given
            raise


def observed(
    spec: Subject, info: ConnectionInfo, count: Count | None, waited: float | None
) -> Observation | None:
    """What tells the hooks of a call, if it draws.

    Args:
        spec: the sequence, or the sequences.
        info: the connection.
        count: how many numbers the plan's result has; None if it doesn't draw.
        waited: seconds that were waited before, by the server's clock.
    """
    return None if count is None else Observation(spec, info, count, waited)
