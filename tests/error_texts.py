"""Errors, what each says, and what it carries."""

from __future__ import annotations

from aseq import (
    AseqError,
    AuditRefused,
    HoldersUnknown,
    InvalidRow,
    InvalidSequence,
    IssuerClosed,
    IssuerFull,
    IssueTimeout,
    LedgerConflict,
    LedgerTableMissing,
    NestedTurn,
    NotInLedger,
    NotInTransaction,
    NotIssuable,
    RowRefused,
    SequenceCorrupted,
    SequenceExhausted,
    SequenceLocked,
    SequenceTableMissing,
    UnsteadyClock,
    UnsupportedConnection,
)

ALONE = (
    """sequence "it's" isn't used inside a transaction, so the change would be committed by """
    "itself and could leave a gap: "
)
CORRUPTED = (
    "sequence 'invoices' can't be used: its last value is NULL, not an integer. Look for "
    "triggers and rules on its table, which must not have any, and for hand-written SQL"
)
NESTED = (
    "can't wait for a turn of 'receipts': this task, or the one that started it, has a turn of "
    "'invoices', and might wait for itself. Ask for all sequences at once, with "
    "aseq.turn(first, second), and leave the turn before anything else asks for one"
)
MISSING = (
    "table 'billing.numbers' doesn't exist: create it once with "
    "`await aseq.create_table(conn, 'billing.numbers')`, or with your migrations"
)
EXHAUSTED = (
    "sequence 'invoices' is exhausted: its last value is 9223372036854775807 and the next "
    "doesn't fit in 64 bits; go on with another name, or loop with reset_value"
)
TOO_FAR = (
    "sequence 'invoices' is exhausted: not even its first values fit in 64 bits; go on with "
    "another name, or loop with reset_value"
)
NOBODY_KNOWS = (
    "sqlite doesn't tell who holds a sequence. One connection writes at a time: look for a "
    "transaction that isn't ended, in all processes that have the file open"
)
UNSTEADY = (
    "no number was drawn from sequence 'invoices/2026': at each of 3 tries, the database's "
    "clock was outside the period. Set its clock right, or say at=..., and try again"
)
NOT_ISSUABLE = (
    "no number for row 7 of invoice, which can't be seen: it was deleted, or isn't committed "
    "yet. Commit the draft first, and ask then; in a test that rolls back, use Issuer.on(conn)"
)
STILL_WAITING = (
    "row 7 has no number yet: its row is locked (waited for 2.2 s). Ask again: if it gets one "
    "meanwhile, it keeps it"
)
FULL = (
    "10,000 callers wait for this issuer, and no more may: try again later, or give it a "
    "higher limit="
)
NO_LEDGER = (
    "the ledger's table 'billing.ledger' doesn't exist: create it once with "
    "`await ledger.create_table(conn)`, or with your migrations"
)
NEVER_ISSUED = (
    "number 'INV-7' of sequence 'invoices' isn't in the ledger aseq_ledger: it wasn't issued "
    "through it, or that transaction was rolled back"
)
REFUSED = (
    "row 17 of invoice got the number 'INV-7', but it wasn't changed. Look for triggers and "
    "rules on the table, for row-level security, and for the column's type"
)

# (error, its text, its attributes)
TEXTS: list[tuple[AseqError, str, dict[str, object]]] = [
    (
        InvalidSequence("step", "must not be 0"),
        "step must not be 0",
        {"argument": "step", "problem": "must not be 0"},
    ),
    (
        UnsupportedConnection("asyncpg.pool.Pool", "take a connection"),
        "can't draw numbers on asyncpg.pool.Pool: take a connection",
        {"type": "asyncpg.pool.Pool", "hint": "take a connection"},
    ),
    (
        NotInTransaction("it's", "use `async with conn.transaction():`"),
        ALONE + "use `async with conn.transaction():`",
        {"sequence": "it's", "hint": "use `async with conn.transaction():`"},
    ),
    (
        AuditRefused("audit elsewhere"),
        "can't audit here: audit elsewhere",
        {"reason": "audit elsewhere"},
    ),
    (
        InvalidRow("invoice", 17, "its tenant is NULL"),
        "row 17 of invoice can't be numbered: its tenant is NULL",
        {"table": "invoice", "key": 17, "problem": "its tenant is NULL"},
    ),
    (
        RowRefused("invoice", 17, "INV-7", "it wasn't changed"),
        REFUSED,
        {"table": "invoice", "key": 17, "number": "INV-7", "held": "it wasn't changed"},
    ),
    (
        SequenceLocked("invoices", "try again"),
        "sequence 'invoices' is held by another transaction: try again",
        {"sequence": "invoices", "hint": "try again", "waited": None},
    ),
    (
        SequenceLocked("invoices", "try again", 0.04),
        "sequence 'invoices' is held by another transaction: try again",
        {"sequence": "invoices", "hint": "try again", "waited": 0.04},
    ),
    (
        SequenceLocked("invoices", "try again", 2.25),
        "sequence 'invoices' is held by another transaction: try again (waited for 2.2 s)",
        {"sequence": "invoices", "hint": "try again", "waited": 2.25},
    ),
    (
        NestedTurn("receipts", "invoices"),
        NESTED,
        {"wanted": "receipts", "taken": "invoices"},
    ),
    (
        SequenceTableMissing("billing.numbers"),
        MISSING,
        {"table": "billing.numbers", "declared": "billing.numbers"},
    ),
    (
        SequenceExhausted("invoices", 9223372036854775807),
        EXHAUSTED,
        {"sequence": "invoices", "last": 9223372036854775807},
    ),
    (
        SequenceExhausted("invoices", None),
        TOO_FAR,
        {"sequence": "invoices", "last": None},
    ),
    (
        SequenceCorrupted("invoices", "its last value is NULL, not an integer"),
        CORRUPTED,
        {"sequence": "invoices", "problem": "its last value is NULL, not an integer"},
    ),
    (
        UnsteadyClock("invoices/2026", 3),
        UNSTEADY,
        {"sequence": "invoices/2026", "tries": 3},
    ),
    (LedgerTableMissing("billing.ledger"), NO_LEDGER, {"table": "billing.ledger"}),
    (
        NotInLedger("INV-7", "invoices", "aseq_ledger"),
        NEVER_ISSUED,
        {"number": "INV-7", "sequence": "invoices", "table": "aseq_ledger"},
    ),
    (
        LedgerConflict("invoices", "look there"),
        "the ledger contradicts sequence 'invoices': look there",
        {"sequence": "invoices", "problem": "look there"},
    ),
    (HoldersUnknown("sqlite"), NOBODY_KNOWS, {"database": "sqlite"}),
    (NotIssuable(7, "invoice"), NOT_ISSUABLE, {"key": 7, "table": "invoice"}),
    (
        IssueTimeout(7, "its row is locked", 2.25),
        STILL_WAITING,
        {"key": 7, "hint": "its row is locked", "waited": 2.25},
    ),
    (IssuerFull(10_000), FULL, {"limit": 10_000}),
    (
        IssuerClosed("it was closed"),
        "this issuer gives no number: it was closed",
        {"reason": "it was closed"},
    ),
]
