"""`Block`: what ``async with aatomic() as tx:`` gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from asgiref.sync import iscoroutinefunction
from django.db import Error
from django.db.transaction import TransactionManagementError

from aseq._core.dialects import Dialect
from aseq._core.failure import report
from aseq._core.spec import SequenceSpec
from aseq._core.statement import Bind, Paramstyle, Row
from aseq.adapters.base import Executor, Watcher

from .. import conf
from ..connection import DjangoConnection
from ..errors import ERRORS
from .calls import Calls, drew_nothing, nothing_drawn
from .state import ENDED_BY_SERVER, OVER, State
from .transaction import ThreadAtomic


class Block(Executor):
    """The transaction of an `aatomic` block, or a savepoint in one.

    A connection for `AsyncSequence`. Its other methods are those of `Executor`.
    """

    kind = "django"
    paramstyle: Paramstyle = "format"
    driver_errors: ClassVar = (Error,)
    errors = ERRORS

    def __init__(
        self,
        using: str,
        dialect: Dialect,
        *,
        state: State,
        calls: Calls,
        atomic: ThreadAtomic,
        tenants_advice: Callable[[], str | None],
    ) -> None:
        self.dialect = dialect
        self._using, self._state, self._calls = using, state, calls
        self._atomic, self._tenants_advice = atomic, tenants_advice

    def on_commit(self, func: Callable[[], object], *, robust: bool = False) -> None:
        """Call a sync function in the block's thread after the outermost block's commit.

        Like `django.db.transaction.on_commit`, whose own callbacks come first.
        """
        if iscoroutinefunction(func):
            raise TypeError("on_commit takes a function that isn't async")
        self._check_open()
        self._atomic.on_commit_callbacks.append((func, robust))

    def set_rollback(self, rollback: bool = True) -> None:
        """Roll back at the end of the block, without an error."""
        self._check_open()
        self._state.rolls_back = rollback

    def _check_open(self) -> None:
        if not self._state.is_open:
            raise TransactionManagementError(OVER)

    def outside_transaction(self) -> str | None:
        if not self._state.is_open:
            return OVER
        return self._atomic.advice or self._tenants_advice()

    def adapt(self, spec: SequenceSpec) -> SequenceSpec:
        return conf.adapt(spec)

    async def blocks_writers(self) -> str | None:
        def work() -> str | None:
            return DjangoConnection(self._using).blocks_writers()

        return await self._calls.run(work)

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        def work() -> Sequence[Row]:
            connection: DjangoConnection | None = None
            try:
                connection = DjangoConnection(self._using)
                return connection.fetch(sql, args, timeout=timeout, inside=inside)
            except BaseException as exc:
                if connection is None or connection.refused(exc):
                    nothing_drawn(exc)
                raise

        try:
            return await self._calls.run(work)
        except Error as exc:
            found = report(exc, self.dialect.code)
            if found is not None and found.code in self.dialect.ends_transaction:
                self._state.require_rollback(ENDED_BY_SERVER)
            raise

    def refused(self, exc: BaseException, /) -> bool:
        return drew_nothing(exc)

    async def abort(self) -> bool:
        self._state.require_rollback()
        return True

    def watch(self, watcher: Watcher, /) -> None:
        self._state.watcher = watcher

    def terminate(self) -> None:
        # The coroutine is being closed. `Calls.run` has cancelled the call already.
        self._state.require_rollback()
