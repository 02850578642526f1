"""`Ledger`: the verbs of `aseq.ledger.Ledger`, in sync code."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar

from aseq._core.counter import Drawable
from aseq._core.scripts import later
from aseq._core.waiting import waiting
from aseq._drive_sync import run_sync
from aseq._observe import Count
from aseq.ledger import _ddl, _guard
from aseq.ledger._advice import advised
from aseq.ledger._entry import Entry
from aseq.ledger._many import keys_of
from aseq.ledger._spec import Asked, LedgerSpec
from aseq.ledger._unwanted import unwanted
from aseq.ledger._wanted import WantedMany, wanted
from aseq.numbering import DocumentNumber, ParsedNumber
from aseq.numbering._scope import ScopeValue

from ._asked import ask
from ._connection import Connection
from ._dispatch import executor_for

N = TypeVar("N")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ledger(LedgerSpec):
    """A table with a row for each number issued, in sync code.

    The same ledger as an `aseq.ledger.Ledger` of that table, with the same promises.

        ledger = Ledger()

        with Session.begin() as session:
            issued = ledger.issue(session, invoice_numbers, key=order.id, by=user.name)
            session.add(Invoice(number=issued.text, order_id=order.id))

    Args:
        table: the ledger's table, "table" or "schema.table".

    Raises:
        InvalidSequence: not a valid table name.
    """

    def issue(
        self,
        conn: Connection,
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

        As `aseq.ledger.Ledger.issue`: a key is unique within the numbering and its scope, not
        within its period. Waits as there, and can be interrupted as `Sequence.next_value`.

        Args:
            conn: the caller's connection or session, in the transaction that will save the
                number.
            what: the numbering or the sequence. It must not loop.
            key: what tells the document from all others of this numbering and scope: the id
                of an order, or the idempotency key of a request. 1 to 200 characters.
            by: who has it issued, 1 to 100 characters.
            note: anything else.
            at: the moment that the number is of, as for `Numbering.next`. The ledger has the
                moment of the call as well.
            nowait: don't wait, but raise SequenceLocked. The transaction stays usable.
            timeout: seconds to wait at most, as for `Sequence.next_value`.
            **scope: the values of all scopes that aren't bound. A scope that is called as one
                of the arguments here must be bound before.

        Returns:
            what `what` gives: a `DocumentNumber` of a numbering, an integer of a sequence. It
            is the caller's once the transaction commits.

        Raises:
            InvalidSequence: an argument can't work, or the sequence loops. Nothing was sent.
            LedgerTableMissing: the ledger's table doesn't exist.
            LedgerConflict: the ledger has the next number already.
            AseqError: any of those of `Numbering.next`. NotInTransaction also where the
                sequence allows that.
        """
        entry = Entry.of(key, by, note)
        wait = waiting(nowait=nowait, timeout=timeout)
        asked = wanted(what, scope, entry, at, wait)
        given: Any = self._ask(asked, conn, attrgetter("drawn"))
        number: N = given.number  # no call: an interrupt could come there, behind the guard
        return number

    def issue_many(
        self,
        conn: Connection,
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

            numbers = ledger.issue_many(session, invoice_numbers, keys=orders, by="cron")
            for order in orders:
                session.add(Invoice(number=numbers[order].text, order_id=order))

        As `aseq.ledger.Ledger.issue_many`: new numbers are consecutive, in the order of `keys`.

        Args:
            conn: the caller's connection or session, in the transaction that will save the
                numbers.
            what: the numbering or the sequence. It must not loop.
            keys: as `key` of `issue`, each once; 10,000 at most.
            by: who has them issued, 1 to 100 characters.
            note: anything else, the same for all.
            at: the moment that new numbers are of, as for `Numbering.next`.
            nowait: don't wait, but raise SequenceLocked. The transaction stays usable.
            timeout: seconds to wait at most, as for `Sequence.next_value`.
            **scope: the values of all scopes that aren't bound. A scope that is called as one
                of the arguments here must be bound before.

        Returns:
            the numbers by their keys, in the order of `keys`.

        Raises:
            InvalidSequence: an argument can't work, or the sequence loops. Nothing was sent.
            LedgerTableMissing: the ledger's table doesn't exist.
            LedgerConflict: the ledger has one of the next numbers already.
            AseqError: any of those of `issue`.
        """
        found, entry = keys_of(keys), Entry.of(None, by, note)
        each = wanted(what, scope, entry, at, waiting(nowait=nowait, timeout=timeout))
        if not found:
            return {}
        given: Any = self._ask(WantedMany(found, each), conn, attrgetter("drawn"))
        numbers: dict[str, N] = given.numbers  # no call: see `issue`
        return numbers

    def void(
        self,
        conn: Connection,
        number: DocumentNumber | ParsedNumber | str | int,
        /,
        *,
        reason: str,
        by: str | None = None,
        of: Drawable[Any] | None = None,
    ) -> bool:
        """Make a number void: it stays in the ledger, with the reason.

        As `aseq.ledger.Ledger.void`.

        Args:
            conn: the caller's connection or session, in a transaction.
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
            NotInTransaction: the change would be committed by itself; nothing was sent.
        """
        return self._ask(unwanted(number, of, reason, by), conn)

    def create_table(self, conn: Connection, /) -> None:
        """Create the ledger's table, if it isn't there; as `aseq.create_table`.

        Args:
            conn: the caller's connection or session. It commits as that commits.
        """
        executor = executor_for(conn)
        plan = later(lambda: _ddl.create(executor.dialect, self._name))
        run_sync(plan, executor, f"the table {self._name}")

    def drop_table(self, conn: Connection, /) -> None:
        """Drop the ledger's table with all that is in it, if it is there.

        Args:
            conn: the caller's connection or session. It commits as that commits.
        """
        executor = executor_for(conn)
        run_sync(_ddl.drop(self._name), executor, f"the table {self._name}")

    def create_guard(self, conn: Connection, /) -> None:
        """Create the triggers that let the ledger only grow, or make them again.

        They refuse to change, delete or replace a row; only a number that is issued can be made
        void. The role must own the table, and can drop them again. On MariaDB and MySQL, this
        commits the transaction, and grants must forbid what no trigger sees: see
        `aseq.ledger.grants_sql`.

        Args:
            conn: the caller's connection or session. It commits as that commits.
        """
        executor = executor_for(conn)
        table = executor.locate(self._name)
        plan = later(lambda: _guard.create(executor.dialect.name, table))
        with advised():
            run_sync(plan, executor, f"the table {table}")

    def drop_guard(self, conn: Connection, /) -> None:
        """Drop the guard, if it is there.

        Args:
            conn: the caller's connection or session. It commits as that commits.
        """
        executor = executor_for(conn)
        table = executor.locate(self._name)
        plan = later(lambda: _guard.drop(executor.dialect.name, table))
        run_sync(plan, executor, f"the table {table}")

    def _ask(self, asked: Asked[T], conn: Connection, drawn: Count | None = None) -> T:
        return ask(asked, executor_for(conn), self._name, drawn)
