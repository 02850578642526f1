"""Every exception of aseq. This module imports nothing of ours.

The tree:

    AseqError
    ├─ InvalidSequence(ValueError)         bad name, table or values
    ├─ UnsupportedConnection(TypeError)    no adapter, or a near miss
    ├─ AuditRefused(RuntimeError)          an audit here would be wrong, or hold others up
    ├─ InvalidRow(ValueError)              a row that can't get a number as it is
    ├─ RowRefused(RuntimeError)            a row doesn't have the number it was given
    ├─ NotInTransaction(RuntimeError)      the number would be committed by itself
    ├─ SequenceLocked                      another transaction holds the sequence
    ├─ NestedTurn(RuntimeError)            a task that has a turn asks for another one
    ├─ SequenceTableMissing(LookupError)   the table wasn't created
    ├─ SequenceExhausted(OverflowError)    past the last value
    ├─ SequenceCorrupted(RuntimeError)     its row isn't what aseq writes
    ├─ UnsteadyClock(RuntimeError)         no period could be told for a document number
    ├─ HoldersUnknown(RuntimeError)        the database doesn't tell who holds a sequence
    ├─ LedgerTableMissing(LookupError)     the table of the ledger wasn't created
    ├─ NotInLedger(LookupError)            a number that wasn't issued through the ledger
    ├─ LedgerConflict(RuntimeError)        the ledger says something else of the number
    ├─ NotIssuable(LookupError)            the row is deleted, or not committed yet
    ├─ IssueTimeout                        the row has no number yet, and the time is over
    ├─ IssuerFull                          as many wait for an issuer as may
    └─ IssuerClosed(RuntimeError)          the issuer isn't open, or not here

Other driver errors (a serialization failure, a deadlock, a lost connection)
reach the caller unchanged. Where one of these stands for a driver's error, that
error is its ``__cause__``.
"""

from __future__ import annotations

__all__ = (
    "AseqError",
    "AuditRefused",
    "HoldersUnknown",
    "InvalidRow",
    "InvalidSequence",
    "IssueTimeout",
    "IssuerClosed",
    "IssuerFull",
    "LedgerConflict",
    "LedgerTableMissing",
    "NestedTurn",
    "NotInLedger",
    "NotInTransaction",
    "NotIssuable",
    "RowRefused",
    "SequenceCorrupted",
    "SequenceExhausted",
    "SequenceLocked",
    "SequenceTableMissing",
    "UnsteadyClock",
    "UnsupportedConnection",
)


class AseqError(Exception):
    """Root of the tree; never raised itself.

    The arguments of each error are its attributes, so that errors survive
    pickling and copying; the text is made from them when it is asked for.
    """


class InvalidSequence(AseqError, ValueError):
    """A parameter can't work; nothing was sent to the database.

    Attributes:
        argument: name of the parameter that is wrong.
        problem: what is wrong with it, and what would be right.
    """

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(argument, problem)
        self.argument = argument
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.argument} {self.problem}"


class UnsupportedConnection(AseqError, TypeError):
    """The object isn't a connection that aseq can draw numbers on.

    Attributes:
        type: qualified name of the object's class.
        hint: what to pass instead.
    """

    def __init__(self, type: str, hint: str) -> None:  # noqa: A002
        super().__init__(type, hint)
        self.type = type
        self.hint = hint

    def __str__(self) -> str:
        return f"can't draw numbers on {self.type}: {self.hint}"


class NotInTransaction(AseqError, RuntimeError):
    """The number would be committed by itself; nothing was sent.

    A number that is committed before the row that carries it leaves a gap when
    that row is never written.

    Attributes:
        sequence: name of the sequence.
        hint: how to open a transaction on this kind of connection.
    """

    def __init__(self, sequence: str, hint: str) -> None:
        super().__init__(sequence, hint)
        self.sequence = sequence
        self.hint = hint

    def __str__(self) -> str:
        return (
            f"sequence {self.sequence!r} isn't used inside a transaction, so the change "
            f"would be committed by itself and could leave a gap: {self.hint}"
        )


class SequenceLocked(AseqError):
    """Another transaction holds the sequence and the caller doesn't want to wait.

    Worth a new transaction: `aseq.is_retryable` says so.

    Attributes:
        sequence: name of the sequence.
        hint: what happened to the transaction, and what to do.
        waited: for how many seconds the caller waited; None if it didn't.
    """

    def __init__(self, sequence: str, hint: str, waited: float | None = None) -> None:
        super().__init__(sequence, hint, waited)
        self.sequence = sequence
        self.hint = hint
        self.waited = waited

    def __str__(self) -> str:
        text = f"sequence {self.sequence!r} is held by another transaction: {self.hint}"
        waited = f"{self.waited or 0:.1f}"
        return text if waited == "0.0" else f"{text} (waited for {waited} s)"


class NestedTurn(AseqError, RuntimeError):
    """A task that has a turn asked for another one, and might have waited for itself.

    Nobody would notice it: a deadlock of tasks isn't in the database. Nothing was waited for.

    Attributes:
        wanted: the names of the sequences that were asked for.
        taken: the names of those that this task, or the one that started it, has.
    """

    def __init__(self, wanted: str, taken: str) -> None:
        super().__init__(wanted, taken)
        self.wanted = wanted
        self.taken = taken

    def __str__(self) -> str:
        return (
            f"can't wait for a turn of {self.wanted!r}: this task, or the one that started it, "
            f"has a turn of {self.taken!r}, and might wait for itself. Ask for all sequences "
            f"at once, with aseq.turn(first, second), and leave the turn before anything else "
            f"asks for one"
        )


class SequenceTableMissing(AseqError, LookupError):
    """The table of sequences doesn't exist in this database or schema.

    Attributes:
        table: where it was looked for: "table" or "schema.table".
        declared: what the sequence calls it; another schema may stand for that one.
    """

    def __init__(self, table: str, declared: str | None = None) -> None:
        declared = table if declared is None else declared
        super().__init__(table, declared)
        self.table = table
        self.declared = declared

    def __str__(self) -> str:
        return (
            f"table {self.table!r} doesn't exist: create it once with "
            f"`await aseq.create_table(conn, {self.declared!r})`, or with your migrations"
        )


class SequenceExhausted(AseqError, OverflowError):
    """The next value would be past the last one; nothing was written.

    Attributes:
        sequence: name of the sequence.
        last: the last value drawn, or None if not even the first ones fit.
    """

    def __init__(self, sequence: str, last: int | None) -> None:
        super().__init__(sequence, last)
        self.sequence = sequence
        self.last = last

    def __str__(self) -> str:
        if self.last is None:
            reason = "not even its first values fit in 64 bits"
        else:
            reason = f"its last value is {self.last} and the next doesn't fit in 64 bits"
        return (
            f"sequence {self.sequence!r} is exhausted: {reason}; go on with another name, or "
            f"loop with reset_value"
        )


class SequenceCorrupted(AseqError, RuntimeError):
    """The row of the sequence isn't what aseq writes: somebody else changed it.

    A trigger or a rule on the table of sequences, or a table made by hand without its
    constraints; or a codec, loader or converter on the connection that makes something else
    of a bigint. The transaction was made unusable, because nobody knows what was drawn.

    Attributes:
        sequence: name of the sequence.
        problem: what is wrong with its row.
    """

    def __init__(self, sequence: str, problem: str) -> None:
        super().__init__(sequence, problem)
        self.sequence = sequence
        self.problem = problem

    def __str__(self) -> str:
        return (
            f"sequence {self.sequence!r} can't be used: {self.problem}. Look for triggers and "
            "rules on its table, which must not have any, and for hand-written SQL"
        )


class UnsteadyClock(AseqError, RuntimeError):
    """The database's clock jumped back and forth while a document number was drawn.

    At the end of a period the draw is tried again in the next one. This says that each
    try came too late or too early. Nothing was written, and the transaction is usable.

    Attributes:
        sequence: name of the sequence that was tried last.
        tries: how many there were.
    """

    def __init__(self, sequence: str, tries: int) -> None:
        super().__init__(sequence, tries)
        self.sequence = sequence
        self.tries = tries

    def __str__(self) -> str:
        return (
            f"no number was drawn from sequence {self.sequence!r}: at each of {self.tries} "
            "tries, the database's clock was outside the period. Set its clock right, or "
            "say at=..., and try again"
        )


class AuditRefused(AseqError, RuntimeError):
    """An audit on this connection would be wrong, or would keep others from writing.

    Attributes:
        reason: why, and what to do instead.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"can't audit here: {self.reason}"


class NotIssuable(AseqError, LookupError):
    """An issuer can't see the row: it was deleted, or isn't committed yet.

    Attributes:
        key: of the row.
        table: where it was looked for.
    """

    def __init__(self, key: object, table: str) -> None:
        super().__init__(key, table)
        self.key = key
        self.table = table

    def __str__(self) -> str:
        return (
            f"no number for row {self.key!r} of {self.table}, which can't be seen: it was "
            "deleted, or isn't committed yet. Commit the draft first, and ask then; in a test "
            "that rolls back, use Issuer.on(conn)"
        )


class IssueTimeout(AseqError):
    """A row has no number yet, and its caller didn't want to wait any longer.

    It may get one later. Asking again is safe: a row that has a number keeps it.

    Attributes:
        key: of the row.
        hint: why it has none yet.
        waited: for how many seconds the caller waited.
    """

    def __init__(self, key: object, hint: str, waited: float) -> None:
        super().__init__(key, hint, waited)
        self.key = key
        self.hint = hint
        self.waited = waited

    def __str__(self) -> str:
        return (
            f"row {self.key!r} has no number yet: {self.hint} (waited for {self.waited:.1f} "
            "s). Ask again: if it gets one meanwhile, it keeps it"
        )


class IssuerFull(AseqError):
    """As many callers wait for an issuer as may.

    Attributes:
        limit: how many that is.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        return (
            f"{self.limit:,} callers wait for this issuer, and no more may: try again later, "
            "or give it a higher limit="
        )


class IssuerClosed(AseqError, RuntimeError):
    """An issuer doesn't take the call, or can't answer it any more.

    Attributes:
        reason: why, and what to do.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"this issuer gives no number: {self.reason}"


class InvalidRow(AseqError, ValueError):
    """A row can't get a number as it is. Nothing was drawn, and the transaction is usable.

    Attributes:
        table: the row's table.
        key: its key.
        problem: what is wrong with it.
    """

    def __init__(self, table: str, key: object, problem: str) -> None:
        super().__init__(table, key, problem)
        self.table = table
        self.key = key
        self.problem = problem

    def __str__(self) -> str:
        return f"row {self.key!r} of {self.table} can't be numbered: {self.problem}"


class RowRefused(AseqError, RuntimeError):
    """A row doesn't have the number that was written to it, though no error said why.

    The transaction was made unusable: a number would be missing.

    Attributes:
        table: the row's table.
        key: its key.
        number: what was written.
        held: what the row holds now, as far as it is known.
    """

    def __init__(self, table: str, key: object, number: object, held: str) -> None:
        super().__init__(table, key, number, held)
        self.table = table
        self.key = key
        self.number = number
        self.held = held

    def __str__(self) -> str:
        return (
            f"row {self.key!r} of {self.table} got the number {self.number!r}, but "
            f"{self.held}. Look for triggers and rules on the table, for row-level security, "
            "and for the column's type"
        )


class HoldersUnknown(AseqError, RuntimeError):
    """This database doesn't tell who holds a sequence.

    Attributes:
        database: which one, such as "sqlite".
    """

    def __init__(self, database: str) -> None:
        super().__init__(database)
        self.database = database

    def __str__(self) -> str:
        where = (
            "One connection writes at a time: look for a transaction that isn't ended, in all "
            "processes that have the file open"
        )
        if self.database != "sqlite":
            where = (
                "Look for transactions that aren't ended: SELECT trx_mysql_thread_id, "
                "trx_started, trx_state FROM information_schema.innodb_trx"
            )
        return f"{self.database} doesn't tell who holds a sequence. {where}"


class LedgerTableMissing(AseqError, LookupError):
    """The table of the ledger doesn't exist in this database or schema.

    Attributes:
        table: where it was looked for: "table" or "schema.table".
    """

    def __init__(self, table: str) -> None:
        super().__init__(table)
        self.table = table

    def __str__(self) -> str:
        return (
            f"the ledger's table {self.table!r} doesn't exist: create it once with "
            "`await ledger.create_table(conn)`, or with your migrations"
        )


class NotInLedger(AseqError, LookupError):
    """A number isn't in the ledger. Nothing was written, and the transaction is usable.

    Attributes:
        number: the number, as it is printed.
        sequence: the sequence that it would be of.
        table: the ledger's table.
    """

    def __init__(self, number: str, sequence: str, table: str) -> None:
        super().__init__(number, sequence, table)
        self.number = number
        self.sequence = sequence
        self.table = table

    def __str__(self) -> str:
        return (
            f"number {self.number!r} of sequence {self.sequence!r} isn't in the ledger "
            f"{self.table}: it wasn't issued through it, or that transaction was rolled back"
        )


class LedgerConflict(AseqError, RuntimeError):
    """The ledger has something else of this number, and keeps it.

    Attributes:
        sequence: name of the sequence.
        problem: what it has, and what to do.
    """

    def __init__(self, sequence: str, problem: str) -> None:
        super().__init__(sequence, problem)
        self.sequence = sequence
        self.problem = problem

    def __str__(self) -> str:
        return f"the ledger contradicts sequence {self.sequence!r}: {self.problem}"
