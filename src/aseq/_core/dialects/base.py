"""What a dialect consists of, and the fragments that every server understands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from aseq.errors import AseqError


class Draw(NamedTuple):
    """The ways of drawing numbers that need a text of their own."""

    looping: bool
    queued: bool
    nowait: bool


DRAWS = tuple(Draw(*flags) for flags in product((False, True), repeat=3))


@dataclass(frozen=True, eq=False)  # told apart by identity: there are few, and they hold maps
class Dialect:
    """What one family of servers understands. Texts are templates (see `statement`).

    Attributes:
        name: as SQLAlchemy calls it.
        draw: the statement that draws numbers, for each kind of draw. It gives one
            row with the new last value; no row, or NULL, if nothing was drawn.
            Where there is a queue, what queues adds the id of its transaction.
        enqueue: takes a place in the fair queue; None where there is no queue.
        advance: moves a sequence forward, upwards (True) or downwards (False), for
            queued sequences and others: keys are (upwards, queued).
        last_value: reads the last value.
        delete: deletes a sequence and gives its last value.
        create: the statements that create the table.
        drop: the statement that drops it.
        explain: which of our errors a driver's error stands for, if any.
        busy: what to tell the caller when the database itself ended a wait.
        notes: what to add to the driver's own error, by its code.
        aborts_on_error: whether a statement that fails leaves nothing but a rollback.
    """

    name: str
    draw: Mapping[Draw, str]
    enqueue: str | None
    advance: Mapping[tuple[bool, bool], str]
    last_value: str
    delete: str
    create: tuple[str, ...]
    drop: str
    explain: Callable[[BaseException, str], type[AseqError] | None]
    busy: str
    notes: Mapping[str | int, str] = field(default_factory=dict)
    aborts_on_error: bool = False


ENDLESS = """\
s.last + {advance}
WHERE s.last BETWEEN {lowest} AND {highest}"""

# CASE stops at the first branch that holds: no difference is computed that could
# overflow. Both remainder and quotient are exact on the cycle, whatever the signs.
LOOPING = """\
CASE
    WHEN s.last NOT BETWEEN {low} AND {high} THEN {start}
    WHEN (s.last - {first}) % {step} <> 0 THEN {start}
    WHEN (s.last - {first}) / {step} < {room} THEN s.last + {advance}
    ELSE s.last - {retreat}
END"""

LAST_VALUE = "SELECT last FROM $table WHERE name = {name}"

DELETE = "DELETE FROM $table WHERE name = {name} RETURNING last"

DROP = "DROP TABLE IF EXISTS $table"
