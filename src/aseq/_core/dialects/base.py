"""What a dialect consists of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from aseq._core.failure import Code, CodeReader
from aseq._core.statement import Bind, Paramstyle, Row, Script, Statement, on_table
from aseq._core.table import TableName
from aseq.errors import AseqError, InvalidSequence

from .kinds import Allocate, Draw, Move, TimedDraw


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
            whose items have the names of `fragments.WANTED`. (``:names`` is their names
            alone, as JSON.) From one that has a ``since`` only if the clock, as for
            `timed_draw`, is between that and ``latest``. The answer is a row for each sequence:
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
        settings: what each of its statements that locks sets for its own length.
        asking: how the server is asked whether a transaction is open, if `inside` can't
            tell it in autocommit mode; None if it can.
        own_id: tells which column of a table gives new rows ids of their own, if `answer`
            would be given those: no row if none does. Its parameters are the schema, or an
            empty text, and the name. Empty elsewhere.
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
    settings: tuple[str, ...] = ()
    asking: Asking | None = None
    own_id: str = ""

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
