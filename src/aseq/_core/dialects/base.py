"""What a dialect consists of, and the fragments that several of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from aseq._core.failure import Code, CodeReader
from aseq._core.statement import Bind, Paramstyle, Row, Script, Statement, Template, on_table
from aseq._core.table import TableName
from aseq._core.waiting import Wait
from aseq.errors import AseqError, InvalidSequence


class Draw(NamedTuple):
    """The ways of drawing numbers that need a script of their own.

    Attributes:
        looping: the sequence starts again at its end.
        queued: waiters stand in the fair queue.
        wait: how the draw waits.
        starts: the first values fit, so that it may make the row of the sequence.
    """

    looping: bool
    queued: bool
    wait: Wait = Wait.ANY
    starts: bool = True


DRAWS = tuple(
    Draw(*flags)
    for flags in product((False, True), (False, True), Wait, (True, False))
    if Draw(*flags).starts or not Draw(*flags).looping
)


class Move(NamedTuple):
    """The ways of moving or deleting a sequence that need a script of their own."""

    queued: bool
    wait: Wait = Wait.ANY


MOVES = tuple(Move(*flags) for flags in product((False, True), (Wait.ANY, Wait.BOUNDED)))


class TimedDraw(NamedTuple):
    """The ways of drawing numbers within a span of time. They never loop."""

    queued: bool
    wait: Wait = Wait.ANY


TIMED_DRAWS = tuple(TimedDraw(*flags) for flags in product((False, True), Wait))


class Allocate(NamedTuple):
    """The ways of drawing from several sequences that need a script of their own.

    Attributes:
        looping: some of them loop.
        timed: some of them are the right ones only for a span of time.
        wait: how the draw waits.
    """

    looping: bool
    timed: bool
    wait: Wait = Wait.ANY


ALLOCATES = tuple(Allocate(*flags) for flags in product((False, True), (False, True), Wait))


class Asking(NamedTuple):
    """How a server is asked, in autocommit mode, whether a transaction was begun.

    Attributes:
        ask: tells how many are open, 0 or 1, if the server lets this user know.
        telling: the dialect where it does: it looks in the statement itself.
        asked: the dialect where it doesn't: it looks for nothing, for `opens` comes first.
        opens: fails while one is open, and does nothing else.
        code: with which code it fails.
    """

    ask: str
    telling: Dialect
    asked: Dialect
    opens: str
    code: Code


def _no_answer(last_id: int, changed: int) -> Sequence[Row]:
    """As of a server whose statements answer with rows."""
    return ()


@dataclass(frozen=True, eq=False)  # told apart by identity: there are few, and they hold maps
class Dialect:
    """What one family of servers understands. Every operation is a `Script`.

    Attributes:
        name: as SQLAlchemy calls it.
        quote: the quotation mark around identifiers.
        draw: draws numbers, for each kind of draw. The answer is one row with the new
            last value; no row, or NULL, if nothing was drawn.
        timed_draw: draws numbers if the server's clock, read when nothing is waited for any
            more, is between ``:since`` and ``:latest``. The answer is one row: first the new
            last value, or NULL if nothing was drawn, and last the clock; or no row if
            nothing was drawn, where one can't be given. Moments are microseconds since 1970.
            Where the time to wait is told in the text, the last but one is how many
            milliseconds of it have passed.
            A row with the value alone leaves the clock to be read after it.
        clock: reads the server's clock. The answer is one row with it.
        allocate: draws from several sequences, in the order of the JSON list ``:wanted``,
            whose items have the names of `WANTED`. (``:names`` is their names alone, as
            JSON.) From one that has a ``since`` only if the clock, as for `timed_draw`, is
            between that and ``latest``. The answer is a row for each sequence:
            its new last value, or NULL; the transaction's id, or NULL; its place in the
            list; whether nobody held any of them (1 or 0); the clock (or 0, if none has a
            ``since``); and, where the time to wait is told in the text, how long the draw
            had taken, in microseconds, and how many milliseconds of that time have
            passed. There may be no row for a sequence that nothing
            was drawn from, and no place (NULL) if the row isn't called as it should be.
            Empty, if each has to be drawn from by itself.
        advance: moves a sequence forward, upwards (True) or downwards (False), for each
            kind of move. The answer is one row with the last value now.
        last_value: reads the last value. The answer is one row with it, or none.
        delete: deletes a sequence, for each kind of move. The answer is one row if there
            was one; no row, or NULL, if there was none.
        create: creates the table. The last statement is the DDL for migrations, too.
        drop: drops the table.
        code: reads this family's code off one error.
        explain: which of our errors a driver's error stands for, if any.
        busy: what to tell the caller when the database itself ended a wait.
        notes: what to add to the driver's own error, by its code; ``{sequence}`` is the
            name of the sequence.
        retryable: codes of errors after which a new transaction may go better.
        aborts_on_error: whether a statement that fails leaves nothing but a rollback.
        ends_transaction: codes of errors after which the server has rolled the
            transaction back without making the connection refuse what comes next.
        failed_before: codes of errors that only say that the transaction had failed earlier.
        inside: the condition ``$inside``, which fails (an error that `explain` takes for
            NotInTransaction) where a change would be committed by itself; empty if the
            server can't tell in the statement.
        ended: what to do then.
        holders: tells who holds the sequences of the JSON list ``:wanted``, whose items have
            a place, a name (called) and a queue or null, and who waits for them. The answer
            is a row for each: the sequence's place; the backend; whether it holds, whether
            that is certain, and whether it is the one that was asked (1 or 0); its
            application, user and state; when its transaction began, its latest statement
            came, and its state changed; and the clock. Empty if the server doesn't tell.
        exists: the answer is one row with 1 if the table is there, else 0. Only where
            creating it takes a right even if it exists; empty elsewhere.
        answer: the rows that a statement without rows stands for, by the id that came with
            its OK, and by how many rows it changed.
        no_timeout: why a wait can't be bounded, as the end of a sentence that begins with
            "timeout"; empty if it can.
        still_open: answers 1 or 0: whether a timeout for a lock has left the transaction
            open. Only where servers can be set up either way; empty elsewhere.
        asking: how the server is asked whether a transaction is open, if `inside` can't
            tell it in autocommit mode; None if it can.
    """

    name: str
    quote: str
    draw: Mapping[Draw, Script]
    timed_draw: Mapping[TimedDraw, Script]
    clock: Script
    allocate: Mapping[Allocate, Script]
    advance: Mapping[tuple[bool, Move], Script]
    last_value: Script
    delete: Mapping[Move, Script]
    create: Script
    drop: Script
    code: CodeReader
    explain: Callable[[BaseException, str], type[AseqError] | None]
    busy: str
    notes: Mapping[Code, str] = field(default_factory=dict)
    retryable: frozenset[Code] = frozenset()
    aborts_on_error: bool = False
    ends_transaction: frozenset[Code] = frozenset()
    failed_before: frozenset[Code] = frozenset()
    inside: str = ""
    ended: str = ""
    holders: Script = ()
    exists: Script = ()
    answer: Callable[[int, int], Sequence[Row]] = _no_answer
    no_timeout: str = ""
    still_open: str = ""
    asking: Asking | None = None

    def render(
        self,
        statement: Statement,
        paramstyle: Paramstyle,
        table: TableName,
        *,
        inside: bool = False,
    ) -> tuple[str, tuple[Bind, ...]]:
        """A statement as one kind of driver takes it, and its arguments in order.

        Args:
            statement: what to say.
            paramstyle: how the driver writes parameters.
            table: where the statement's table is on this connection.
            inside: let the server refuse it outside a transaction, if it can.

        Raises:
            InvalidSequence: a wait is to be bounded, and can't.
        """
        if statement.timeout and self.no_timeout:
            raise InvalidSequence("timeout", self.no_timeout)
        return statement.render(self.quote, paramstyle, table, self.inside if inside else "")

    def on_table(self, text: str, table: TableName) -> str:
        """A text without parameters, about a table."""
        return on_table(text, self.quote, table)

    def ddl(self, table: TableName) -> str:
        """The statement that creates the table, for migrations."""
        return self.on_table(self.create[-1].text, table)


# What every server understands.

LAST_VALUE = (Template("SELECT last FROM $table WHERE name = :name"),)

DROP = (Template("DROP TABLE IF EXISTS $table"),)

# The table is the same everywhere; `storage` is what the server may be told beyond it.
CREATE = """\
CREATE TABLE IF NOT EXISTS $table (
    name {name} NOT NULL,
    last bigint NOT NULL,
    {key}PRIMARY KEY (name),
    {checks}
){storage}"""

KEY = "CONSTRAINT ${bare}_pkey "

NAME = "varchar(100)"

# Every server takes them: a migration may be made on one and run on another. To MySQL, the
# length is that in bytes. An integer has at most 19 digits and a sign; it is SQLite that would
# go on in floating point, whose text has a point in it.
NAME_CHECK = "length(name) BETWEEN 1 AND 400"
LAST_CHECK = "CAST(replace(CAST(last AS char(20)), '.', 'x') AS decimal(19)) = last"
CHECKS = f"""\
CONSTRAINT ${{bare}}_name_check CHECK ({NAME_CHECK}),
    CONSTRAINT ${{bare}}_last_check CHECK ({LAST_CHECK})"""

# What PostgreSQL and SQLite understand.

DELETE = (Template("DELETE FROM $table WHERE name = :name RETURNING 1"),)

NEXT = "s.last + :advance"
FITS = "s.last BETWEEN :lowest AND :highest"
ENDLESS = f"{NEXT}\nWHERE {FITS}"

# CASE stops at the first branch that holds: no difference is computed that could
# overflow. Both remainder and quotient are exact on the cycle, whatever the signs.
# `last` is the column in the row that is there, `/` a division of integers.
_LOOPING = """\
CASE
    WHEN {last} NOT BETWEEN :low AND :high THEN :start
    WHEN ({last} - :first) % :step <> 0 THEN :start
    WHEN ({last} - :first) {divided_by} :step < :room THEN {last} + :advance
    ELSE {last} - :retreat
END"""


# What is known of each sequence where several are drawn from at once, as columns.
_OF_ALL = {
    "place": "integer",
    "called": "text",
    "queue": "text",
    **dict.fromkeys(("start", "advance", "lowest", "highest"), "bigint"),
}
_LOOPS = dict.fromkeys(("first", "step", "low", "high", "room", "retreat"), "bigint")
_SPAN = dict.fromkeys(("since", "latest"), "bigint")
WANTED = {**_OF_ALL, **_LOOPS, **_SPAN}


def wanted(*, looping: bool, timed: bool) -> dict[str, str]:
    """The columns that are needed: see `Allocate`."""
    leave_out = {*(() if looping else _LOOPS), *(() if timed else _SPAN)}
    return {name: kind for name, kind in WANTED.items() if name not in leave_out}


def looping(last: str = "s.last", divided_by: str = "/") -> str:
    """The next value of a looping sequence.

    Args:
        last: how the server names the column of the row that is there already.
        divided_by: its division of integers, which truncates. (MySQL's ``/`` doesn't.)
    """
    return _LOOPING.format(last=last, divided_by=divided_by)


# The same for one of several sequences, whose values are in a row called `w`. Only those
# that loop have a first value.
NEXT_OF_WANTED = NEXT.replace(":", "w.")
FITS_WANTED = FITS.replace(":", "w.")
DRAWN = f"""\
CASE WHEN w.first IS NULL THEN {NEXT_OF_WANTED} ELSE {looping().replace(":", "w.")} END"""
WITHIN_BOUNDS = f"(w.first IS NOT NULL OR {FITS_WANTED})"


def within_span(clock: str) -> str:
    """Whether a clock is within the span of one of several sequences, if it has one."""
    return f"(w.since IS NULL OR {clock} BETWEEN w.since AND w.latest)"
