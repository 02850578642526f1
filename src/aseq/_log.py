"""What the logger `aseq` says, and what each record has for whoever looks at it at night.

Beside its text, a record has these attributes (see the page "Read the log"):

* `aseq_event`: which of the events below it is, for rules;
* `aseq_sequence`: the sequence, or the sequences;
* `aseq_connection`: the kind of connection, as `ConnectionInfo.kind` says;
* `aseq_advice`: what to do.

A handler that raises disturbs nothing: what is being done when something is logged is worth
more than the record.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import NamedTuple

logger = logging.getLogger("aseq")


class Event(NamedTuple):
    """Something that is logged.

    Attributes:
        name: for rules.
        level: as of `logging`.
        text: what happened, about a ``%(sequence)s`` on a ``%(connection)s``.
        advice: what to do.
    """

    name: str
    level: int
    text: str
    advice: str


LOST = Event(
    "number_lost",
    logging.INFO,
    "a call for %(sequence)s (%(connection)s) ended with %(reason)s and may have drawn a "
    "number that nobody got, so its transaction was made unusable",
    "Nothing is wrong if the error leaves the block that opened the transaction: it is rolled "
    "back, and the next caller gets the number",
)
GIVEN_UP = Event(
    "connection_closed",
    logging.WARNING,
    "a call for %(sequence)s (%(connection)s) ended with %(reason)s and may have drawn a "
    "number that nobody got, and the database didn't answer any more, so the connection was "
    "closed",
    "Look at the database server and at the network to it. The server rolls back what it knows "
    "of the transaction",
)
USED = Event(
    "lost_transaction_used",
    logging.WARNING,
    "a transaction that has lost a number of %(sequence)s (%(connection)s) goes on being used, "
    "and all of it is refused",
    "Find who caught the error that the call for the number ended with (a cancellation, a "
    "timeout), and let it leave the block that opened the transaction",
)
COMMITTED = Event(
    "lost_transaction_committed",
    logging.WARNING,
    "a transaction that has lost a number of %(sequence)s (%(connection)s) was to be "
    "committed, and nothing of it is saved, even if no error says so",
    "Do again what the transaction did. Find who caught the error that the call for the number "
    "ended with (a cancellation, a timeout), and let it leave the block that opened the "
    "transaction",
)
FAILED_BEFORE = Event(
    "failed_transaction_used",
    logging.WARNING,
    "a call for %(sequence)s (%(connection)s) was refused, because its transaction had failed "
    "before: with an error of its own, or with a number that was lost",
    "Roll back. Find who caught the error, and let it leave the block that opened the "
    "transaction",
)
MANY_NAMES = Event(
    "many_sequences",
    logging.WARNING,
    "one transaction has drawn from more than 1,000 different sequences, %(sequence)s "
    "(%(connection)s) the last of them. Each holds a slot of the server's lock table, which "
    "all sessions share, until the transaction ends; when the table is full, other sessions "
    "fail with 53200 (out of shared memory)",
    "Use smaller transactions, next_values for many numbers of one sequence, or fair=False for "
    "those sequences",
)
ISSUER_STOPPED = Event(
    "issuer_stopped",
    logging.ERROR,
    "an issuer of %(sequence)s (%(connection)s) can't go on: %(reason)s",
    "Start a new issuer, or the process. All callers who waited were told, and may ask again",
)


def log(
    event: Event,
    *,
    sequence: str,
    connection: str,
    reason: BaseException | str = "",
    exc_info: BaseException | None = None,
) -> None:
    """Log an event.

    Args:
        event: what happened.
        sequence: the sequence, or the sequences.
        connection: the kind of connection.
        reason: why, if the text says so: of an error, its class.
        exc_info: an error to show with its traceback.
    """
    if isinstance(reason, BaseException):
        reason = type(reason).__name__
    extra = {
        "aseq_event": event.name,
        "aseq_sequence": sequence,
        "aseq_connection": connection,
        "aseq_advice": event.advice,
    }
    values = {"sequence": sequence, "connection": connection, "reason": reason}
    text = f"aseq: {event.text}. {event.advice}"
    with suppress(Exception):
        logger.log(event.level, text, values, extra=extra, exc_info=exc_info)


class LostTransaction:
    """Told of what is done with a transaction that has lost a number: logs each thing once.

    Args:
        sequence: whose number it is.
        connection: the kind of connection.
    """

    def __init__(self, sequence: str, connection: str) -> None:
        self._sequence, self._connection = sequence, connection
        self._told: set[Event] = set()

    def used(self) -> None:
        """Something was sent in it."""
        self._tell(USED)

    def committed(self) -> None:
        """It was to be committed."""
        self._tell(COMMITTED)

    def _tell(self, event: Event) -> None:
        if event not in self._told:
            self._told.add(event)
            log(event, sequence=self._sequence, connection=self._connection)
