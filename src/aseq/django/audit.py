"""`aseq.audit.audit` on Django's own connections: `audit` for sync code, `aaudit` for async."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.db import router

from aseq._core.spec import SequenceSpec
from aseq._drive_sync import read_on_sync
from aseq._sequence import AsyncSequence
from aseq.audit import Audit
from aseq.audit import audit as audit_on
from aseq.audit._audit import random_keys
from aseq.audit._plan import audit as plan
from aseq.audit._question import question
from aseq.audit.progress import OnProgress
from aseq.errors import AuditRefused
from aseq.numbering._spec import NumberingSpec

from ._block.atomic import open_block
from ._sequence.parameters import Parameters, alias
from .connection import DjangoConnection

__all__ = ("aaudit", "audit")


def audit(
    column: object,
    what: SequenceSpec | NumberingSpec | Parameters | str,
    /,
    *,
    scope: Mapping[str, object] | None = None,
    void: object = None,
    date: object = None,
    where: str | list[str | None] | None = None,
    first: int | None = None,
    limit: int = 1000,
    progress: OnProgress | None = None,
    using: str | None = None,
) -> Audit:
    """Look for numbers that are missing, repeated or don't belong there.

    As `aseq.audit.audit`, in sync code: inside a transaction or outside one, right while
    others draw, and without a lock. On SQLite, use it outside `transaction.atomic`.

    Args:
        column: where the numbers are: ``Invoice.number``, or a list of such columns.
        what: the numbering or sequence, or the name of a sequence, that gives the numbers.
        scope: for each scope that isn't printed, the column that tells it.
        void: the column with the reason why a number is void.
        date: the column with the date. Dates must not run against the numbers.
        where: which rows count, as a condition in SQL.
        first: the number that the rows of each series begin with.
        limit: how many findings of each kind are listed.
        progress: is called before each statement with a `Progress`.
        using: the alias of the database that has both the rows and the sequences. None is
            that of `what`, or asks the routers, for reading.

    Returns:
        what was found.

    Raises:
        InvalidSequence: an argument can't work, or names a column that isn't there.
        AuditRefused: as for `aseq.audit.audit`.
        SequenceTableMissing: run `manage.py migrate`.
    """
    asked = question(
        column,
        _named(what),
        scope=scope,
        void=void,
        date=date,
        where=where,
        first=first,
        limit=limit,
    )
    connection = DjangoConnection(_alias(what, using))
    reason = connection.blocks_writers()
    if reason is not None:
        raise AuditRefused(reason)
    subject = connection.adapt(asked.subject)
    course = plan(asked, connection, random_keys(), progress)
    return read_on_sync(subject, cast("Any", course), connection)


async def aaudit(
    column: object,
    what: SequenceSpec | NumberingSpec | Parameters | str,
    /,
    *,
    scope: Mapping[str, object] | None = None,
    void: object = None,
    date: object = None,
    where: str | list[str | None] | None = None,
    first: int | None = None,
    limit: int = 1000,
    progress: OnProgress | None = None,
    using: str | None = None,
) -> Audit:
    """As `audit`, awaited: in the `aatomic` block that is open, or outside one.

    In a block, cancelling it lets the block only be rolled back.

    Args:
        column: as for `audit`, like the others.
        what: the numbering or sequence that gives the numbers.
        scope: for each scope that isn't printed, the column that tells it.
        void: the column with the reason why a number is void.
        date: the column with the date.
        where: which rows count.
        first: the number that the rows of each series begin with.
        limit: how many findings of each kind are listed.
        progress: is called before each statement; outside a block, in another thread.
        using: a database alias.

    Returns:
        what was found.

    Raises:
        AseqError: any of those of `audit`.
    """
    options: dict[str, Any] = {
        "scope": scope,
        "void": void,
        "date": date,
        "where": where,
        "first": first,
        "limit": limit,
        "progress": progress,
    }
    database = _alias(what, using)
    block = open_block(database)
    if block is None:
        return await sync_to_async(audit)(column, what, using=database, **options)
    return await audit_on(block, column, _named(what), **options)


def _named(what: object) -> Any:
    """The sequence or numbering, as `aseq.audit.audit` takes it."""
    if isinstance(what, str):
        return AsyncSequence(what)
    return what._as(AsyncSequence) if isinstance(what, Parameters) else what


def _alias(what: object, using: str | None) -> str:
    return alias(using or getattr(what, "using", None), router.db_for_read)
