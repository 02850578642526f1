"""`Ledger`: the public verbs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar, cast

from aseq._connection import Connection
from aseq._core.counter import Drawable
from aseq._core.scripts import later
from aseq._core.waiting import waiting
from aseq._dispatch import executor_for
from aseq._drive import run, run_on
from aseq._observe import Count
from aseq.numbering import DocumentNumber, ParsedNumber
from aseq.numbering._scope import ScopeValue

from . import _ddl, _guard
from ._advice import advised
from ._entry import Entry
from ._explain import explained
from ._many import keys_of
from ._spec import Asked, LedgerSpec, subject
from ._unwanted import unwanted
from ._wanted import WantedMany, wanted

N = TypeVar("N")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ledger(LedgerSpec):
    """A table with a row for each number issued: which, when, by whom, and for what.

    The number and its row are written in the caller's transaction, together or not at all.
    With a key, the same document gets the same number, however often it is asked for.

        ledger = Ledger()

        async with session.begin():
            issued = await ledger.issue(session, invoice_numbers, key=order.id, by=user.name)
            session.add(Invoice(number=issued.text, order_id=order.id))

    The object holds no connection and no state. It is frozen and hashable, and safe to share
    between tasks, threads and event loops.

    One ledger is for sequences of one table: the names of sequences tell them apart in it.

    Args:
        table: the ledger's table, "table" or "schema.table".

    Raises:
        InvalidSequence: not a valid table name.
    """

    async def issue(
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

        A key is unique within the numbering and its scope, not within its period: asked for
        again, also in a new year or with another note, it gets the number that it has, as it
        was printed then. That burns no number and waits for nobody, unless two transactions
        ask for one key at the same moment: the second waits for the first, and gets the same
        number. (It is in the ledger when that has been made void, too.)

        Waits until other transactions that drew a number of this scope have ended, whatever
        their period. One round trip; with a key that has no number yet, two. (Three and four
        with a check digit. On MariaDB two and three, and on MySQL three and four, whatever is
        printed.) At READ COMMITTED a race needs no second try. At REPEATABLE READ and
        SERIALIZABLE its loser gets a serialization failure on PostgreSQL, as of a plain draw;
        not on MariaDB and MySQL, where a repeat waits, too, at SERIALIZABLE and at READ
        UNCOMMITTED. Can be cancelled like `AsyncSequence.next_value`: if a number may have been
        drawn, the transaction is made unusable until it is rolled back.

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
            timeout: seconds to wait at most, as for `AsyncSequence.next_value`.
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
        given = await self._ask(asked, conn, attrgetter("drawn"))
        return cast("N", given.number)

    async def issue_many(
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

            numbers = await ledger.issue_many(session, invoice_numbers, keys=orders, by="cron")
            for order in orders:
                session.add(Invoice(number=numbers[order].text, order_id=order))

        As `issue` for one key after the other, but the sequence is taken once: at most four
        statements, however many keys there are. New numbers are consecutive, in the order of
        `keys`. If all keys have their numbers, it waits for nobody and burns nothing.

        Args:
            conn: the caller's connection or session, in the transaction that will save the
                numbers.
            what: the numbering or the sequence. It must not loop.
            keys: as `key` of `issue`, each once; 10,000 at most.
            by: who has them issued, 1 to 100 characters.
            note: anything else, the same for all.
            at: the moment that new numbers are of, as for `Numbering.next`.
            nowait: don't wait, but raise SequenceLocked. The transaction stays usable.
            timeout: seconds to wait at most, as for `AsyncSequence.next_value`.
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
        given: Any = await self._ask(WantedMany(found, each), conn, attrgetter("drawn"))
        numbers: dict[str, N] = given.numbers
        return numbers

    async def void(
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

            parsed = invoice_numbers.parse("INV-2026-00042", tenant=tenant.id)
            await ledger.void(session, parsed, reason="wrong VAT id", by=user.name)

        Nothing else can be changed in the ledger, and this can't be taken back. Waits for a
        transaction that has just issued the number or makes it void, and takes no queue.

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
        return await self._ask(unwanted(number, of, reason, by), conn)

    async def create_table(self, conn: Connection, /) -> None:
        """Create the ledger's table, if it isn't there; as `aseq.create_table`.

        Args:
            conn: the caller's connection or session. It commits as that commits.
        """
        executor = executor_for(conn)
        plan = later(lambda: _ddl.create(executor.dialect, self._name))
        await run(plan, executor, f"the table {self._name}")

    async def drop_table(self, conn: Connection, /) -> None:
        """Drop the ledger's table with all that is in it, if it is there.

        Args:
            conn: the caller's connection or session. It commits as that commits.
        """
        executor = executor_for(conn)
        await run(_ddl.drop(self._name), executor, f"the table {self._name}")

    async def create_guard(self, conn: Connection, /) -> None:
        """Create the triggers that let the ledger only grow, or make them again.

        They refuse to change, delete or replace a row; only a number that is issued can be made
        void. The role must own the table, and can drop them again. On MariaDB and MySQL, this
        commits the transaction, and grants must forbid what no trigger sees: see `grants_sql`.

        Args:
            conn: the caller's connection or session. It commits as that commits.
        """
        executor = executor_for(conn)
        table = executor.locate(self._name)
        plan = later(lambda: _guard.create(executor.dialect.name, table))
        with advised():
            await run(plan, executor, f"the table {table}")

    async def drop_guard(self, conn: Connection, /) -> None:
        """Drop the guard, if it is there.

        Args:
            conn: the caller's connection or session. It commits as that commits.
        """
        executor = executor_for(conn)
        table = executor.locate(self._name)
        plan = later(lambda: _guard.drop(executor.dialect.name, table))
        await run(plan, executor, f"the table {table}")

    async def _ask(self, asked: Asked[T], conn: Connection, drawn: Count | None = None) -> T:
        executor, table = executor_for(conn), self._name
        about = subject(asked, executor)
        plan = asked.plan(table, executor)
        try:
            return await run_on(about, plan, executor, writes=True, drawn=drawn)
        except executor.driver_errors as exc:
            ours = explained(exc, about.name, table, executor)
            if ours is None:
                raise
            raise ours from exc
