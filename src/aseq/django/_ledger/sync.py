"""`Ledger` for sync code."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar

from aseq._core.counter import Drawable
from aseq._core.waiting import waiting
from aseq.django.connection import DjangoConnection
from aseq.ledger._entry import Entry
from aseq.ledger._many import keys_of
from aseq.ledger._unwanted import unwanted
from aseq.ledger._wanted import WantedMany, wanted
from aseq.numbering import DocumentNumber, ParsedNumber
from aseq.numbering._scope import ScopeValue
from aseq.sync._asked import ask

from .spec import DjangoLedger

N = TypeVar("N")


@dataclass(frozen=True, slots=True)
class Ledger(DjangoLedger):
    """A table with a row for each number issued: as `aseq.ledger.Ledger`, in sync code.

        ledger = Ledger()

        with transaction.atomic():
            issued = ledger.issue(invoice_numbers, key=order.reference)
            Invoice.objects.create(number=issued.text, order=order)

    The table comes with `aseq.django.operations.CreateLedgerTable`, in a migration of the
    project's.

    Args:
        table: the ledger's table, "table" or "schema.table".
        using: a database alias; None is that of what is drawn from, or asks the routers.

    Raises:
        InvalidSequence: not a valid table name.
    """

    def issue(
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

        As `aseq.ledger.Ledger.issue`, inside of the `transaction.atomic` block that saves the
        number.

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
        asked = wanted(what, scope, Entry.of(key, by, note), at, wait)
        connection = DjangoConnection(self._alias(what))
        given: Any = ask(asked, connection, self._name, attrgetter("drawn"))
        number: N = given.number
        return number

    def issue_many(
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
        each = wanted(what, scope, entry, at, waiting(nowait=nowait, timeout=timeout))
        if not found:
            return {}
        connection = DjangoConnection(self._alias(what))
        given: Any = ask(WantedMany(found, each), connection, self._name, attrgetter("drawn"))
        numbers: dict[str, N] = given.numbers
        return numbers

    def void(
        self,
        number: DocumentNumber | ParsedNumber | str | int,
        /,
        *,
        reason: str,
        by: str | None = None,
        of: Drawable[Any] | None = None,
    ) -> bool:
        """Make a number void: it stays in the ledger, with the reason.

        As `aseq.ledger.Ledger.void`, inside of a `transaction.atomic` block.

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
        return ask(asked, DjangoConnection(self._alias(of)), self._name)
