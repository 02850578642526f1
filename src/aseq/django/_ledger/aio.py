"""`Ledger` for async code."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from aseq._core.counter import Drawable
from aseq._core.waiting import waiting
from aseq.django._block.atomic import how_to_open, open_block
from aseq.django._block.block import Block
from aseq.django.errors import NotInTransaction
from aseq.ledger import Ledger as OnConnection
from aseq.ledger._entry import Entry
from aseq.ledger._many import keys_of
from aseq.ledger._unwanted import unwanted
from aseq.ledger._wanted import wanted
from aseq.numbering import DocumentNumber, ParsedNumber
from aseq.numbering._scope import ScopeValue

from .spec import DjangoLedger

N = TypeVar("N")


@dataclass(frozen=True, slots=True)
class Ledger(DjangoLedger):
    """A table with a row for each number issued: as `aseq.ledger.Ledger`, in the task's block.

        ledger = Ledger()

        async with aatomic():
            issued = await ledger.issue(invoice_numbers, key=order.reference)
            await Invoice.objects.acreate(number=issued.text, order=order)

    The table comes with `aseq.django.operations.CreateLedgerTable`, in a migration of the
    project's.

    Args:
        table: the ledger's table, "table" or "schema.table".
        using: a database alias; None is that of what is drawn from, or asks the routers.

    Raises:
        InvalidSequence: not a valid table name.
    """

    async def issue(
        self,
        what: Drawable[N],
        /,
        *,
        key: str | None = None,
        by: str | None = None,
        note: str | None = None,
        at: datetime | None = None,
        nowait: bool = False,
        timeout: float | None = None,
        **scope: ScopeValue,
    ) -> N:
        """Draw the next number and write it into the ledger; or give the number of the key.

        As `aseq.ledger.Ledger.issue`, inside of the `aatomic` block that saves the number.

        Args:
            what: a `Sequence`, which doesn't loop, or a `Numbering`.
            key: what tells the document from all others of this numbering and scope: 1 to 200
                characters. The same key gets the same number.
            by: who has it issued, 1 to 100 characters.
            note: anything else.
            at: the moment that the number is of, as for `Numbering.next`.
            nowait: don't wait, but raise SequenceLocked; the transaction stays usable.
            timeout: seconds to wait at most, as for `get_next_value`.
            **scope: the values of all scopes that aren't bound. A scope that is called as one
                of the arguments here must be bound before.

        Returns:
            a `DocumentNumber` of a numbering, an integer of a sequence.

        Raises:
            InvalidSequence: an argument can't work, or the sequence loops. Nothing was sent.
            LedgerTableMissing: the ledger's table doesn't exist.
            LedgerConflict: the ledger has the next number already.
            AseqError: any of those of `Numbering.next`.
        """
        wait = waiting(nowait=nowait, timeout=timeout)
        asked = wanted(what, scope, Entry.of(key, by, note), at, wait)  # refused before a block
        options: dict[str, Any] = {"at": at, "nowait": nowait, "timeout": timeout, **scope}
        block = _block(asked.sequence.name, self._alias(what))
        return await OnConnection(self.table).issue(
            block, what, key=key, by=by, note=note, **options
        )

    async def issue_many(
        self,
        what: Drawable[N],
        /,
        *,
        keys: Collection[str],
        by: str | None = None,
        note: str | None = None,
        at: datetime | None = None,
        nowait: bool = False,
        timeout: float | None = None,
        **scope: ScopeValue,
    ) -> dict[str, N]:
        """Issue for many keys at once: each gets the number that it has, or a new one.

        As `aseq.ledger.Ledger.issue_many`: new numbers are consecutive, in the order of `keys`.

        Args:
            what: as for `issue`.
            keys: as `key` of `issue`, each once; 10,000 at most.
            by: who has them issued.
            note: anything else, the same for all.
            at: the moment that new numbers are of.
            nowait: as for `issue`.
            timeout: as for `issue`.
            **scope: as for `issue`.

        Returns:
            the numbers by their keys, in the order of `keys`.

        Raises:
            InvalidSequence: an argument can't work, or the sequence loops. Nothing was sent.
            AseqError: any of those of `issue`.
        """
        found, entry = keys_of(keys), Entry.of(None, by, note)
        asked = wanted(what, scope, entry, at, waiting(nowait=nowait, timeout=timeout))
        if not found:
            return {}
        options: dict[str, Any] = {"at": at, "nowait": nowait, "timeout": timeout, **scope}
        block = _block(asked.sequence.name, self._alias(what))
        return await OnConnection(self.table).issue_many(
            block, what, keys=found, by=by, note=note, **options
        )

    async def void(
        self,
        number: DocumentNumber | ParsedNumber | str | int,
        /,
        *,
        reason: str,
        by: str | None = None,
        of: Drawable[Any] | None = None,
    ) -> bool:
        """Make a number void: it stays in the ledger, with the reason.

        As `aseq.ledger.Ledger.void`, inside of an `aatomic` block.

        Args:
            number: a `DocumentNumber`, or what `Numbering.parse` gives; or, with `of`, the
                text of a number or an integer.
            reason: why. Not empty.
            by: who has it made void, 1 to 100 characters.
            of: the numbering that a text is of, bound as far as scopes aren't printed; the
                sequence that an integer is of.

        Returns:
            whether it wasn't void before. If it was, and for the same reason, nothing is done.

        Raises:
            InvalidSequence: an argument can't work. Nothing was sent.
            NotInLedger: the number isn't in the ledger. The transaction stays usable.
            LedgerConflict: it is void already, for another reason; nor does that end the
                transaction.
            LedgerTableMissing: the ledger's table doesn't exist.
            NotInTransaction: no block is open.
        """
        asked = unwanted(number, of, reason, by)
        block = _block(asked.sequence.name, self._alias(of))
        return await OnConnection(self.table).void(block, number, reason=reason, by=by, of=of)


def _block(name: str, using: str) -> Block:
    """The task's open block; also where the settings allow none, for two rows belong together.

    Raises:
        NotInTransaction: there is none.
    """
    block = open_block(using)
    if block is None:
        raise NotInTransaction(name, how_to_open(using))
    return block
