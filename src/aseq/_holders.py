"""`holders`: who holds a sequence, who waits for it, and since when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ._connection import Connection
from ._core import holders as core
from ._core.counter import Drawable, check_all_drawable
from ._core.scripts import later
from ._core.subject import Subject, some_names
from ._dispatch import executor_for
from ._drive import read_on
from .errors import InvalidSequence

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Holder:
    """A connection to the database that holds a sequence, or waits for it.

    ``str()`` of it is a line for people and logs. Moments are the server's, in UTC; what
    the server hides from the role that asks is None.

    Attributes:
        sequence: the name of the sequence.
        holds: it holds the sequence; otherwise it waits.
        pid: the process that serves the connection, for ``pg_terminate_backend``; on MariaDB
            and MySQL the connection's id, for ``KILL``. None for a transaction that was
            prepared (two-phase commit) and belongs to no process.
        application: its ``application_name``. MariaDB and MySQL know none.
        user: the role that it belongs to.
        state: as the server calls it: "active", "idle in transaction" or another; on MariaDB
            and MySQL "Query", "Sleep" or another.
        state_since: when it got into that state.
        transaction_since: when its transaction began. It drew some time after that.
        query_since: when its latest statement came. One that waits came with that.
        asked_at: when the server was asked.
        certain: False where it may hold the sequence or not: nobody can see a first value
            that isn't committed yet, if nobody queues (on PostgreSQL with ``fair=False``).
            Then those that have written to the table are listed; on MariaDB, while nobody
            waits for a sequence, those that have locked a row of any table.
        own: it is the connection that was asked.
    """

    sequence: str
    holds: bool
    pid: int | None
    application: str | None
    user: str | None
    state: str | None
    state_since: datetime | None
    transaction_since: datetime | None
    query_since: datetime | None
    asked_at: datetime
    certain: bool = True
    own: bool = False

    @property
    def since(self) -> datetime | None:
        """Since when it holds the sequence, at the earliest, or since when it waits."""
        return self.transaction_since if self.holds else self.query_since

    def __str__(self) -> str:
        if self.holds:
            held = "is held by" if self.certain else "may be held by"
            return f"{self.sequence}: {held} {self._who()}{self._doing()}"
        waited = "" if self.query_since is None else f" for {self._for(self.query_since)}"
        return f"{self.sequence}: {self._who()} waits for it{waited}"

    def _who(self) -> str:
        if self.pid is None:
            return "a prepared transaction"
        called = [
            self.application or "",
            f"user {self.user}" if self.user else "",
            "this connection" if self.own else "",
        ]
        known = ", ".join(filter(None, called))
        return f"backend {self.pid} ({known})" if known else f"backend {self.pid}"

    def _doing(self) -> str:
        if self.state is None or self.state_since is None:
            return ""
        text = f", {self.state} for {self._for(self.state_since)}"
        if self.transaction_since is None:
            return text
        return f"{text}; its transaction began {self._for(self.transaction_since)} ago"

    def _for(self, since: datetime) -> str:
        seconds = max(0, (self.asked_at - since).total_seconds())
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:,.0f} s"


async def holders(conn: Connection, /, *sequences: Drawable[Any]) -> list[Holder]:
    """Ask who holds sequences, and who waits for them.

        for holder in await holders(conn, invoice_numbers):
            print(holder)

    For operators and monitoring: it reads the server's lock table, which is work for
    the server; every few seconds is fine, on each request isn't. It takes no lock and waits
    for nobody. At most two statements for each table; ask outside a transaction, or on a
    connection of its own: one whose draw was ended by a time-out can't ask anything before it
    is rolled back.

    On PostgreSQL, everybody may ask. The states and moments of other users' connections are
    told to superusers and members of ``pg_read_all_stats`` (or ``pg_monitor``). On MySQL it
    takes SELECT on ``performance_schema``, and on MariaDB the PROCESS privilege.

    Args:
        conn: a connection or session; it needn't be in a transaction.
        *sequences: sequences and bound numberings. Of a numbering, the counter of the
            period now, and the queue of all its periods.

    Returns:
        in the order of `sequences`, for each of them those who hold it and then those who
        wait, whoever came first; none, if it is free.

    Raises:
        InvalidSequence: none was given, or a numbering isn't bound. Nothing was sent.
        HoldersUnknown: on SQLite, which doesn't tell, and on a MySQL whose
            ``performance_schema`` is off.
        SequenceTableMissing: the table doesn't exist.
        UnsupportedConnection: `conn` isn't a connection that aseq knows.
    """
    check_all_drawable(sequences)
    counters = [each._counter() for each in sequences]
    if not counters:
        raise InvalidSequence("sequences", "must be at least one")
    executor = executor_for(conn)
    specs = [executor.adapt(counter.spec) for counter in counters]
    about = Subject(some_names([spec.name for spec in specs]), specs[0].table, False)
    plan = later(lambda: core.holders(specs, executor.dialect))
    seen = await read_on(about, plan, executor)
    return to_holders(seen)


def to_holders(seen: Iterable[core.Seen]) -> list[Holder]:
    """What the core saw, as it is told to users."""
    return [_holder(each) for each in seen]


def _holder(seen: core.Seen) -> Holder:
    return Holder(
        sequence=seen.sequence,
        holds=seen.holds,
        pid=seen.pid,
        application=seen.application,
        user=seen.user,
        state=seen.state,
        state_since=_moment(seen.state_since),
        transaction_since=_moment(seen.transaction),
        query_since=_moment(seen.query),
        asked_at=_EPOCH + timedelta(microseconds=seen.clock),
        certain=seen.certain,
        own=seen.own,
    )


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)
