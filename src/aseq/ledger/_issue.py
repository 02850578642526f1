"""One number to issue on one connection: what is known of it, and what is asked about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from aseq._core.counter import Counter
from aseq._core.dialects import Dialect
from aseq._core.scripts import PartlyDrawn, Plan, say, statements
from aseq._core.spec import SequenceSpec
from aseq._core.statement import Bind, Row, Script
from aseq._core.table import TableName
from aseq._core.waiting import Waiting
from aseq.adapters.base import ConnectionInfo
from aseq.errors import LedgerConflict
from aseq.numbering import DocumentNumber

from . import _innodb
from ._entry import Entry
from ._postgresql import PostgreSQL
from ._print import ALWAYS, Lane, of_moment
from ._sqlite import SQLite
from ._texts import Texts, on_ledger, wanted

_POSTGRESQL, _SQLITE = PostgreSQL(), SQLite()
_TEXTS: dict[str, Callable[[Dialect], Texts]] = {
    "mariadb": _innodb.on_mariadb,
    "mysql": _innodb.on_mysql,
    "postgresql": lambda _: _POSTGRESQL,
    "sqlite": lambda _: _SQLITE,
}

NOT_WRITTEN = (
    "a number was drawn, and its row wasn't written. Look for triggers, rules and row-level "
    "security on the ledger, and for hand-written SQL"
)


def texts_of(dialect: Dialect) -> Texts:
    """What a database is asked about a ledger."""
    return _TEXTS[dialect.name](dialect)


@dataclass(frozen=True)
class Issue:
    """One number to issue on one connection.

    Attributes:
        info: the connection.
        ledger: where the ledger is on it.
        counter: where the number comes from now.
        entry: what goes into the ledger with it.
        at: the moment that the caller chose.
        waiting: how long to wait.
        lane: what is known of the counter.
        spec: the sequence, as the connection's project has it.
        binds: what the ledger's texts want to know, whatever the number is.
    """

    info: ConnectionInfo
    ledger: TableName
    counter: Counter[Any]
    entry: Entry
    at: int | None
    waiting: Waiting
    lane: Lane
    spec: SequenceSpec = field(init=False)
    binds: dict[str, Bind] = field(init=False)

    def __post_init__(self) -> None:
        # Now, and not when they are asked for: all are, in the time in which others wait.
        lane, spec = self.lane, self.info.adapt(self.lane.spec)
        object.__setattr__(self, "spec", spec)
        span = self.span if self.at is None else range(self.at, self.at + 1)
        binds: dict[str, Bind] = {
            "series": lane.series,
            "name": spec.name,
            "queue": spec._queue,
            "earliest": span[0],
            "newest": span[-1],
            **self.entry.binds,
        }
        object.__setattr__(self, "binds", binds)

    @property
    def texts(self) -> Texts:
        """What the connection's database is asked."""
        return texts_of(self.info.dialect)

    @property
    def span(self) -> range:
        """The moments at which the number is to be drawn."""
        return self.lane.span if self.at is None else ALWAYS

    def say(self, script: Script, **binds: Bind) -> Plan[Sequence[Row]]:
        """Say something about the ledger; the last statement's rows."""
        table = TableName.parse(self.spec.table)
        said = statements(self.on_ledger(script), table, {**self.binds, **binds})
        return say(said, self.waiting)

    def keys(self, keys: Iterable[str]) -> str:
        """Keys of its series, as ``:keys``."""
        return wanted((self.lane.series, key) for key in keys)

    def on_ledger(self, script: Script) -> Script:
        """A script with the ledger's table in its place."""
        return on_ledger(script, self.ledger, self.info.dialect.quote)


class Given(NamedTuple):
    """What the caller gets.

    Attributes:
        number: an int, or a `DocumentNumber`.
        drawn: 1 if it is new; 0 if the key had it already.
    """

    number: Any
    drawn: int


def had(counter: Counter[Any], value: int, text: str, at: int) -> Any:
    """A number as it was issued.

    Args:
        counter: of its series.
        value: the number alone.
        text: as it was printed.
        at: the moment that it is of.
    """
    [number] = of_moment(counter, at).numbers([value], at)
    return replace(number, text=text) if isinstance(number, DocumentNumber) else number


def check_written(spec: SequenceSpec, *, written: bool) -> None:
    """Refuse to go on with a number that isn't in the ledger.

    Raises:
        PartlyDrawn: it isn't.
    """
    if not written:
        raise PartlyDrawn(LedgerConflict(spec.name, NOT_WRITTEN))
