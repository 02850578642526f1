"""`Issuer`: the public class."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import Context
from typing import Generic, TypeVar, overload

from django.db import router
from django.db.models import Model
from django.db.transaction import TransactionManagementError

from aseq import errors
from aseq._sequence import AsyncSequence
from aseq.django._block.atomic import open_block
from aseq.django._private import has_sync_caller
from aseq.django._sequence.parameters import Parameters
from aseq.django.errors import NotIssuable
from aseq.issuing._book import Bookkeeper
from aseq.issuing._desk import Desk
from aseq.issuing._group import Groups
from aseq.issuing._issuer import check_key, check_limit, check_timeout
from aseq.numbering._spec import NumberingSpec

from .desks import Desks
from .fields import target_of
from .hooks import OnBegin, OnIssued, SyncHooks
from .now import Now
from .source import BlockSource

V = TypeVar("V", int, str)

INSIDE = (
    "here, under sync code, the issuer has no connection but the one on which this task's "
    "`aatomic` block is open, and would wait forever for its end: leave the block, and ask "
    "then, as where the draft must be committed first"
)


class Issuer(Generic[V]):
    """Numbers drafts that are saved already, many of them in one transaction.

    Save the row without a number and leave the block; then ask for its number:

        issuer = Issuer(Invoice, "number", "invoices")  # in a module: it needn't be opened

        async def create(request):
            invoice = await Invoice.objects.acreate(customer="Ada")  # number is NULL
            number = await issuer.issue(invoice.pk)

    It is `aseq.issuing.Issuer` for Django, with all its promises. All that ask at a time are
    numbered in one short transaction of the issuer's own, by arrival. Asked again, a row keeps
    its number. A row that the database refuses gets its own error and harms nobody else.

    It starts with the first `issue` in an event loop and ends with that loop; there is one in
    each process and loop. It has a thread and a connection of its own while there is work (up
    to two more while a scope's numbers are held by somebody else), which count for
    ``ASEQ_MAX_BLOCKS``, and none when there is nothing to do.

    The object in memory doesn't learn its number: see ``arefresh_from_db``. ``auto_now``,
    ``save`` and signals take no notice of an issuer's UPDATE; triggers of the database do.

    Args:
        model: has the rows.
        field: the name of the field that gets the numbers. It is NULL in a draft.
        what: gives the numbers: a `Sequence` or its name, or a `Numbering`.
        scope: for each scope of the numbering that isn't bound, the name of the field that
            has it. It is read when the row is locked.
        at_field: the name of a field that gets the moment of which the number is.
        timeout: seconds that a caller waits at most, unless it says otherwise.
        limit: how many callers may wait, in one process and event loop.
        ledger: an `aseq.ledger.Ledger` that gets a row for each number, in the same
            transaction. The key of the document is the row's table and key there, as
            "shop_invoice/7". A row for which the ledger has a number gets that one, and is
            refused if it is void.
        by: who issues, for the ledger.
        on_begin: a sync function, called in the transaction's thread when it begins: to set a
            tenant, for example. What it raises is raised to each caller of the group.
        on_issued: a sync function, called in the transaction's thread with a list of
            `aseq.issuing.Issued` before it commits: to write events with the ORM. What it
            raises is isolated as a row's own fault, so it may be called again with fewer rows.
            It must do nothing that can't be rolled back; `transaction.on_commit` has the rest.
        using: the alias of the database that has both the rows and the sequences. None is that
            of `what`, or asks the routers, for writing the model.

    Raises:
        InvalidSequence: an argument can't work.
        TypeError: a hook is async.
    """

    @overload
    def __init__(
        self: Issuer[int],
        model: type[Model],
        field: str,
        what: str | Parameters | AsyncSequence,
        *,
        scope: None = None,
        at_field: None = None,
        timeout: float = 10,
        limit: int = 10_000,
        ledger: Bookkeeper | None = None,
        by: str | None = None,
        on_begin: OnBegin | None = None,
        on_issued: OnIssued | None = None,
        using: str | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self: Issuer[str],
        model: type[Model],
        field: str,
        what: NumberingSpec,
        *,
        scope: Mapping[str, str] | None = None,
        at_field: str | None = None,
        timeout: float = 10,
        limit: int = 10_000,
        ledger: Bookkeeper | None = None,
        by: str | None = None,
        on_begin: OnBegin | None = None,
        on_issued: OnIssued | None = None,
        using: str | None = None,
    ) -> None: ...

    def __init__(
        self,
        model: type[Model],
        field: str,
        what: str | Parameters | AsyncSequence | NumberingSpec,
        *,
        scope: Mapping[str, str] | None = None,
        at_field: str | None = None,
        timeout: float = 10,
        limit: int = 10_000,
        ledger: Bookkeeper | None = None,
        by: str | None = None,
        on_begin: OnBegin | None = None,
        on_issued: OnIssued | None = None,
        using: str | None = None,
    ) -> None:
        self._model, self._using = model, using or getattr(what, "using", None)
        self._target = target_of(
            model, field, what, scope=scope, at_field=at_field, ledger=ledger, by=by
        )
        self._hooks = SyncHooks(on_begin, on_issued)
        self._timeout, self._limit = check_timeout(timeout), check_limit(limit)
        self._desks, self._now = Desks(self._open_desk), Now(self._target, self._hooks)

    async def issue(self, key: object, *, timeout: float | None = None) -> V:
        """Give the row a number, if it has none yet.

        Waits until the number is committed. Cancelling is safe: nobody else is cancelled, and
        the row gets a number or not. Whoever asks again gets the one that it has.

        In a test of Django's `TestCase`, and wherever else sync code waits for this, the
        number is given on that code's connection, and committed with its transaction.

        Args:
            key: the primary key of the row, which is committed.
            timeout: seconds to wait at most, from now on, whatever for: the row, if somebody
                has it locked; the sequence, if somebody holds it (an open block of the
                caller's own, too); a connection. By default as the issuer says.

        Returns:
            what the field holds, committed; what it has held, if it had a number.

        Raises:
            NotIssuable: the row isn't there: deleted, or not committed yet because the block
                that saved it is still open (a `django.core.exceptions.ObjectDoesNotExist`).
            RowRefused: a trigger kept the number from being saved as it was drawn.
            InvalidRow: the number that the ledger has for the row is void.
            IssueTimeout: the time is over. The row may get a number later.
            IssuerFull: as many wait as may.
            IssuerClosed: the event loop ends.
            InvalidSequence: `key` or `timeout` can't work.
            TransactionManagementError: the issuer and an open block would wait for each other
                forever; or as `aatomic`.
            AseqError: SequenceExhausted and others that `get_next_value` raises.
            DatabaseError: the database refused the row: a `django.db.IntegrityError` mostly.
        """
        check_key(key)
        seconds = self._timeout if timeout is None else check_timeout(timeout)
        using = self._alias()
        # In an empty context, as the desk is: only what the whole loop runs under counts.
        if open_block(using) is not None and Context().run(has_sync_caller):
            raise TransactionManagementError(INSIDE)
        desk = self._desks.here(using)
        call = desk.ask(key, seconds)
        try:
            return await call.future
        except errors.NotIssuable as exc:
            raise NotIssuable(exc.key, exc.table) from None
        finally:
            desk.leave(call)

    def issue_now(self, key: object, *, timeout: float | None = None) -> V:
        """As `issue`, for sync code: one row, in a transaction that is begun for it.

        Inside of a `transaction.atomic` block of the caller's it is a savepoint there: a draft
        that the block has saved can be seen, and the number is committed, or rolled back, with
        the block. As after `get_next_value`, others who want a number wait until then.

        Args:
            key: the primary key of the row.
            timeout: seconds to wait at most, as for `issue`. (On SQLite, the beginning of a
                transaction waits as long as ``OPTIONS`` says.)

        Returns:
            what the field holds.

        Raises:
            NotIssuable: the row isn't there: deleted, or not committed yet on the connection
                that saved it (a `django.core.exceptions.ObjectDoesNotExist`).
            RowRefused: a trigger kept the number from being saved as it was drawn.
            InvalidRow: the number that the ledger has for the row is void.
            IssueTimeout: the time is over.
            InvalidSequence: `key` or `timeout` can't work.
            AseqError: SequenceExhausted and others that `get_next_value` raises.
            DatabaseError: the database refused the row, or broke the connection: ask again.
        """
        check_key(key)
        seconds = self._timeout if timeout is None else check_timeout(timeout)
        try:
            return self._now.issue(key, self._alias(), seconds)
        except errors.NotIssuable as exc:
            raise NotIssuable(exc.key, exc.table) from None

    def _alias(self) -> str:
        return self._using or router.db_for_write(self._model)

    def _open_desk(self, using: str) -> Desk:
        groups = Groups(self._target, self._hooks.awaited(using))
        return Desk(BlockSource(using), groups, shared=groups.shared, limit=self._limit)
