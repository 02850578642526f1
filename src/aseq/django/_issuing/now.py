"""One row numbered in sync code, in the caller's transaction or one of its own."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager, nullcontext
from time import monotonic, sleep
from typing import Any, cast

from django.db import OperationalError, connections, transaction
from django.db.transaction import TransactionManagementError

from aseq._core.subject import Subject
from aseq._core.waiting import waiting
from aseq._drive_sync import run_on_sync
from aseq.django._servers import dialect_of
from aseq.django.connection import DjangoConnection
from aseq.errors import AseqError, IssueTimeout, SequenceLocked
from aseq.issuing._answers import Answer, Held, Refused, Told
from aseq.issuing._assign import Numbered, assign, count_new
from aseq.issuing._call import HELD, ROW_LOCKED
from aseq.issuing._group import BRIEFLY, issued
from aseq.issuing._ledgered import explained
from aseq.issuing._place import Place, adapted
from aseq.issuing._prepare import Prepared, caught, prepared
from aseq.issuing._target import Target

from .hooks import SyncHooks
from .source import ROLLED_BACK

PAUSE = 0.02
"""Seconds until a row is looked at again that somebody has locked."""


class _Nothing(Exception):
    """Leaves the transaction, which is rolled back: a lock of the sequence's isn't kept."""


class Now:
    """Numbers one row.

    Args:
        target: what gets numbers.
        hooks: the caller's own work.
    """

    def __init__(self, target: Target, hooks: SyncHooks) -> None:
        self.target, self._hooks = target, hooks
        self.place: Place | None = None

    def issue(self, key: Hashable, using: str, seconds: float) -> Any:
        """Number a row, or say what number it has.

        Raises:
            IssueTimeout: it is locked, or the sequence is, until the time is over.
            Exception: as `Issuer.issue_now`.
        """
        began, why = monotonic(), ROW_LOCKED
        cause: Exception | None = None
        while (left := began + seconds - monotonic()) > 0:
            try:
                answer = self._attempt(key, using, left)
            except (SequenceLocked, OperationalError) as exc:
                if not _is_locked(exc, using):
                    raise
                why, cause = HELD, exc
            else:
                if isinstance(answer, Told):
                    return answer.number
                if isinstance(answer, Refused):
                    raise answer.error
                why = HELD if isinstance(answer, Held) else ROW_LOCKED
            sleep(min(PAUSE, left))
        raise IssueTimeout(key, why, monotonic() - began) from cause

    def _attempt(self, key: Hashable, using: str, seconds: float) -> Answer:
        try:
            with _committed(using):
                return self._numbered(key, using, seconds)
        except _Nothing as exc:
            return cast("Answer", exc.args[0])
        except Exception:
            self.place = None  # it may be what was wrong
            raise

    def _numbered(self, key: Hashable, using: str, seconds: float) -> Answer:
        connection = DjangoConnection(using)
        self._hooks.begin(using)
        what = adapted(self.target.what, connection)
        subject, wait = Subject(what.name, what.table), waiting(nowait=False, timeout=seconds)

        plan: Any = prepared(self, connection, [key], wait, BRIEFLY)
        group: Prepared = run_on_sync(subject, plan, connection, writes=True)
        if not group.locked:
            raise _Nothing(group.answers[key])
        plan = caught(assign(group.place, group.locked, wait))
        with explained(self.target, subject.name, connection):
            numbered: list[Numbered] | AseqError = run_on_sync(
                subject, plan, connection, writes=True, drawn=count_new, waited=group.waited
            )
        if isinstance(numbered, AseqError):
            raise numbered
        self._hooks.issued(using, [issued(each) for each in numbered])
        return Told(numbered[0].value)


def _is_locked(exc: Exception, using: str) -> bool:
    """Whether somebody holds the sequence; on SQLite, whether somebody writes."""
    dialect = dialect_of(connections[using])
    return isinstance(exc, SequenceLocked) or dialect.explain(exc, "") is SequenceLocked


@contextmanager
def _committed(using: str) -> Iterator[None]:
    """A transaction of its own, or a savepoint in the caller's.

    Raises:
        TransactionManagementError: Django rolled it back without a word.
    """
    connection, done = connections[using], list[bool]()
    nested = connection.in_atomic_block or not connection.get_autocommit()
    with transaction.atomic(using=using):
        with _lock_timeout_kept(using) if nested else nullcontext():
            yield
        transaction.on_commit(lambda: done.append(True), using=using)
        if connection.needs_rollback:
            raise TransactionManagementError(ROLLED_BACK)
    if not (nested or done):
        raise TransactionManagementError(ROLLED_BACK)


@contextmanager
def _lock_timeout_kept(using: str) -> Iterator[None]:
    """The caller's transaction goes on with the lock timeout that it had."""
    connection = connections[using]
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        [before] = cursor.fetchone()
        yield
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [before])
