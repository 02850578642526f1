"""What a server is told when several sequences are drawn from at once.

The order of the list is the order of the locks. Both the order and the statement are the same
whenever the same is wanted, so they are remembered.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from aseq.errors import InvalidSequence

from .binds import draw_binds
from .dialects import Allocate, Dialect
from .scripts import statements
from .spec import SequenceSpec
from .statement import Bind, Statement
from .subject import some_names
from .table import TableName
from .waiting import Wait

if TYPE_CHECKING:
    from functools import _lru_cache_wrapper

F = TypeVar("F", bound="_lru_cache_wrapper[Any]")

LIMIT = 1_000
"""How many names that queue one call may have: each is a slot of the server's lock table."""

_REMEMBERED = 16
"""Of how many sequences, at most, the statement is remembered for the next call."""


class Want(NamedTuple):
    """What the server is told of one sequence.

    Attributes:
        spec: the sequence, as the connection's project has it.
        wanted: how many numbers.
        span: the moments at which it is the right one; None: all.
    """

    spec: SequenceSpec
    wanted: int
    span: range | None


def in_order(wants: Sequence[Want]) -> tuple[int, ...]:
    """The places of those of which a number is wanted, in the order of the locks.

    That is: whose queue, then the name.

    Raises:
        InvalidSequence: they can't be drawn from in one statement.
    """
    return _remembered(_in_order, wants)(tuple(wants))


def drawing(dialect: Dialect, wants: Sequence[Want], wait: Wait) -> tuple[Statement, ...]:
    """The statements that draw from all of them, in this order.

    Raises:
        InvalidSequence: the first values of one don't fit.
    """
    return _remembered(_drawing, wants)(dialect, tuple(wants), wait)


def _remembered(function: F, wants: Sequence[Want]) -> F:
    """A function that remembers what it gave, or, for many sequences, the same without that."""
    return function if len(wants) <= _REMEMBERED else cast("F", function.__wrapped__)


@lru_cache(maxsize=1024)
def _drawing(dialect: Dialect, wants: tuple[Want, ...], wait: Wait) -> tuple[Statement, ...]:
    names = [spec.name for spec, _, _ in wants]
    listed = [_listed(place, *want) for place, want in enumerate(wants, 1)]
    binds: dict[str, Bind] = {"wanted": _json(listed), "names": _json(names)}
    kind = Allocate(
        looping=any(spec._cycle is not None for spec, _, _ in wants),
        timed=any(span is not None for _, _, span in wants),
        wait=wait,
    )
    said = statements(dialect.allocate[kind], TableName.parse(wants[0].spec.table), binds)
    queues = tuple(_queues(wants))
    return tuple([each._replace(queues_for=queues) for each in said])


def _listed(
    place: int, spec: SequenceSpec, count: int, span: range | None
) -> dict[str, Bind | None]:
    binds = check_start(spec, count)
    called, queue = binds.pop("name"), binds.pop("queue")
    within = {} if span is None else {"since": span[0], "latest": span[-1]}
    listed = {**binds, **within, "place": place, "called": called}
    return {**listed, "queue": queue if spec._queued else None}


def check_start(spec: SequenceSpec, count: int) -> dict[str, Bind]:
    """The values of a draw, whose first numbers have to fit.

    Raises:
        InvalidSequence: they don't.
    """
    binds = draw_binds(spec, count)
    if "start" not in binds:
        raise InvalidSequence(
            "sequences",
            f"has {spec.name!r}, whose first {count} values don't fit in 64 bits: draw "
            "from it with next_values",
        )
    return binds


@lru_cache(maxsize=1024)
def _in_order(wants: tuple[Want, ...]) -> tuple[int, ...]:
    _check_names([spec.name for spec, _, _ in wants])
    tables = sorted({str(TableName.parse(spec.table)) for spec, _, _ in wants})
    if len(tables) > 1:
        raise InvalidSequence("sequences", f"must be in one table, not {some_names(tables)}")
    places = [place for place, want in enumerate(wants) if want.wanted]
    queues = _queues(wants[place] for place in places)
    if len(queues) > LIMIT:
        raise InvalidSequence(
            "sequences",
            f"must stand in {LIMIT:,} queues at most, not {len(queues):,}: each "
            "takes a slot of the server's lock table until the transaction ends",
        )
    places.sort(key=lambda place: (wants[place].spec._queue, wants[place].spec.name))
    return tuple(places)


def _queues(wants: Iterable[Want]) -> set[str]:
    return {spec._queue for spec, _, _ in wants if spec._queued}


def _check_names(names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidSequence(
            "sequences", f"has two called {twice!r}: one name is one sequence"
        )


def _json(value: object) -> str:
    """As JSON that has a database's own characters, not escapes for them."""
    return json.dumps(value, ensure_ascii=False)
