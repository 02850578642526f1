"""One group of rows, numbered in one READ COMMITTED transaction of the issuer's own.

The order: the sequence's queue; the rows, of which those that somebody has locked are
skipped; the counter; the UPDATE; COMMIT. Nothing waits for a row while it holds a sequence.

Nobody suffers for another. The first attempt takes the whole group. If the server refuses
it, the second one goes by halves, each inside a savepoint with its draw and with deferred
constraints made immediate: what is refused is rolled back with its numbers, until a single
row is found to be the reason. What is refused otherwise (keys that can't be read, a COMMIT,
and all of it on SQLite, where a transaction that lost a draw can only be rolled back) is
halved as transactions.

An error of which nobody knows what it means for the rows is raised, and the connection isn't
to be used again. So what was found out until then isn't told, though it may be committed:
asked again, each row tells.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeVar, cast

from aseq._core.subject import Subject
from aseq._core.waiting import NOT_AT_ALL, Wait, Waiting, waiting
from aseq._dispatch import executor_for
from aseq._drive import run_on
from aseq._sequence import AsyncSequence
from aseq.adapters.base import Executor
from aseq.errors import AseqError, SequenceLocked
from aseq.numbering import DocumentNumber

from ._answers import Answer, Held, Refused, Row, Told
from ._assign import Numbered, assign, count_new
from ._drafts import Draft
from ._haste import Haste
from ._hooks import HookFailed, Hooks, Issued
from ._ledgered import explained
from ._outcome import is_about_all, is_about_rows, is_lock_timeout, told
from ._place import Place, adapted
from ._plans import Plan
from ._prepare import Prepared, caught, prepared
from ._sources import Link
from ._target import Target

T = TypeVar("T")

Answers = dict[Hashable, Answer]

SAVEPOINT = "SAVEPOINT aseq_issuing"
ROLLBACK_TO = "ROLLBACK TO SAVEPOINT aseq_issuing"
RELEASE = "RELEASE SAVEPOINT aseq_issuing"
IMMEDIATE = "SET CONSTRAINTS ALL IMMEDIATE"

UPDATE_WAITS, BRIEFLY = 2_000, 250
"""Milliseconds that an UPDATE may wait while the sequence is held: of a group, and of the parts
in which it is looked for whose fault that is."""


class Groups:
    """Numbers groups for one target, each on the connection that it is given.

    Args:
        target: what gets numbers.
        hooks: the caller's own work.
    """

    def __init__(self, target: Target, hooks: Hooks) -> None:
        self.target, self.hooks = target, hooks
        self.place: Place | None = None  # what the catalogue said

    @property
    def about(self) -> str:
        """The sequence or the numbering."""
        return self.target.what.name

    @property
    def shared(self) -> bool:
        """Whether the rows of a group may draw from several sequences."""
        return bool(self.target.scopes)

    async def number(
        self, link: Link, keys: Sequence[Hashable], seconds: float | None
    ) -> Answers:
        """Number the rows with these keys: see `Numberer`."""
        wait = NOT_AT_ALL if seconds is None else waiting(nowait=False, timeout=seconds)
        return await Group(self, link, wait).number(keys)


class Group:
    """A group on one connection."""

    def __init__(self, groups: Groups, link: Link, wait: Waiting) -> None:
        self._groups, self._link, self._wait = groups, link, wait
        self._haste = Haste(link)
        executor = executor_for(link.conn)
        what = adapted(groups.target.what, executor)
        self._subject = Subject(what.name, what.table)
        self._dialect = executor.dialect
        self._has_savepoints = self._dialect.aborts_on_error
        counter = what if isinstance(what, AsyncSequence) else what.counter((), None)
        self._in_queue = self._has_savepoints and counter._queued
        self._assigning = False

    async def number(self, keys: Sequence[Hashable], *, careful: bool = False) -> Answers:
        """Number these rows, and find out who is to blame if they can't be.

        Args:
            keys: of the rows.
            careful: some of them can't be.
        """
        self._assigning = False
        try:
            return await self._transaction(keys, careful=careful)
        except Exception as exc:
            if not self._can_go_on(exc):
                raise
            error = exc
        if isinstance(error, HookFailed):
            await self._check_connection()
        self._groups.place = None  # it may be what was wrong
        await self._haste.rollback()
        if len(keys) == 1 or self._is_about_all(error):
            return dict.fromkeys(keys, self._alone(error))
        if self._assigning and self._has_savepoints and not careful:
            return await self.number(keys, careful=True)
        half = len(keys) // 2
        first = await self.number(keys[:half], careful=self._has_savepoints)
        return first | await self.number(keys[half:], careful=self._has_savepoints)

    async def _check_connection(self) -> None:
        """Raise if the connection is lost: then that, and no row, is why a hook failed."""
        try:
            await self._link.check()
        except Exception as exc:
            if not is_about_rows(exc, self._dialect):  # as that the transaction has failed
                raise

    def _can_go_on(self, exc: Exception) -> bool:
        return isinstance(exc, SequenceLocked) or is_about_rows(exc, self._dialect)

    def _is_about_all(self, error: Exception) -> bool:
        if isinstance(error, SequenceLocked):
            one = self._waits_for_row(error) or self._wait.kind is Wait.NONE
            return not (self._assigning and one)
        return is_about_all(error, self._dialect, assigning=self._assigning)

    async def _transaction(self, keys: Sequence[Hashable], *, careful: bool) -> Answers:
        await self._haste.begin()
        await self._groups.hooks.begin(self._link)
        executor = executor_for(self._link.conn)
        patience = BRIEFLY if careful or len(keys) == 1 else UPDATE_WAITS
        plan = prepared(self._groups, executor, keys, self._wait, patience)
        group = await self._run(plan, executor)
        self._assigning = True
        if group.locked:
            await (self._halves if careful else self._assign)(group, group.locked)
        await self._haste.commit()
        return group.answers

    async def _halves(self, group: Prepared, drafts: Sequence[Draft]) -> None:
        await self._link.execute(SAVEPOINT)
        try:
            await self._assign(group, drafts)
            await self._link.execute(IMMEDIATE)
        except Exception as exc:
            if not self._can_go_on(exc):
                raise
            error = exc
        else:
            await self._link.execute(RELEASE)
            return
        await self._link.execute(ROLLBACK_TO)
        await self._link.execute(RELEASE)
        if len(drafts) == 1:
            group.answer(drafts[0], self._alone(error))
            return
        half = len(drafts) // 2
        await self._halves(group, drafts[:half])
        await self._halves(group, drafts[half:])

    async def _assign(self, group: Prepared, drafts: Sequence[Draft]) -> None:
        plan = caught(assign(group.place, drafts, self._wait))
        waited, group.waited = group.waited, None  # told once, if it goes by halves
        executor = executor_for(self._link.conn)
        with explained(group.place.target, self._subject.name, executor):
            numbered = await run_on(
                self._subject,
                cast("Any", plan),
                executor,
                writes=True,
                drawn=count_new,
                waited=waited,
            )
        if isinstance(numbered, AseqError):
            raise numbered
        await self._groups.hooks.issued(self._link, [issued(each) for each in numbered])
        for draft, each in zip(drafts, numbered, strict=True):
            group.answer(draft, Told(each.value))

    async def _run(self, plan: Plan[T], executor: Executor) -> T:
        return await run_on(self._subject, cast("Any", plan), executor, writes=True)

    def _alone(self, error: Exception) -> Answer:
        """What a row is answered that is alone with its error."""
        if not isinstance(error, SequenceLocked):
            return Refused(told(error))
        return Row.BLOCKED if self._waits_for_row(error) else Held(error.sequence)

    def _waits_for_row(self, error: Exception) -> bool:
        """Whether it is a row's own UPDATE that waits, and not a draw: others needn't."""
        bounded = self._wait.kind is Wait.BOUNDED
        update = bounded and is_lock_timeout(error, self._dialect)
        return self._assigning and (self._in_queue or update)


def issued(row: Numbered) -> Issued:
    """A row as the hook is told of it."""
    document = row.number if isinstance(row.number, DocumentNumber) else None
    return Issued(row.key, cast("Any", row.value), document)
