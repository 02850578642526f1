"""Coming from another numbering: how far each counter must be, from texts that are there."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from aseq._core.statement import Row
from aseq._sequence import AsyncSequence
from aseq.errors import InvalidSequence

from ._rows import Select, Source, is_texts, source_of
from ._scope import ScopeValue, complete
from ._spec import NumberingSpec


class Unread(NamedTuple):
    """A text that isn't a number of the numbering.

    Attributes:
        text: the text.
        problem: why it can't be read.
    """

    text: object
    problem: str


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What `Numbering.take_over` did.

    Attributes:
        counters: the last number now of each counter that a text belongs to, by its name.
            It may be further on than the texts were.
        unread: what couldn't be read, in the order of the texts.
    """

    counters: Mapping[str, int] = field(hash=False)
    unread: Sequence[Unread]


class Furthest:
    """The furthest number of each counter, among those that were read.

    Args:
        numbering: whose numbers they are.
    """

    def __init__(self, numbering: NumberingSpec) -> None:
        self._numbering = numbering
        self._numbers: dict[AsyncSequence, int] = {}
        self.unread: list[Unread] = []

    def read(self, text: object, unprinted: Mapping[str, object]) -> None:
        """Take a text into account."""
        try:
            parsed = self._numbering.parse(text, **unprinted)  # type: ignore[arg-type]
        except InvalidSequence as exc:
            self.unread.append(Unread(text, str(exc)))
            return
        # All unprinted scopes are known, so the counter is.
        assert parsed.sequence is not None  # noqa: S101
        furthest = max if self._numbering.step > 0 else min
        before = self._numbers.get(parsed.sequence, parsed.number)
        self._numbers[parsed.sequence] = furthest(before, parsed.number)

    def in_order(self) -> list[tuple[AsyncSequence, int]]:
        """The counters with their numbers, in the order in which all take their locks."""
        return sorted(
            self._numbers.items(),
            key=lambda item: (item[0].queue or item[0].name, item[0].name),
        )


def reading(
    numbering: NumberingSpec, source: object, unprinted: Mapping[str, object]
) -> Generator[Select, Sequence[Row], Furthest]:
    """A plan that reads the numbers: it asks the database only for those in a column.

    Args:
        numbering: whose numbers they are.
        source: a column, or texts.
        unprinted: the scopes that aren't printed: values, or columns beside it.

    Raises:
        InvalidSequence: it is neither; or a scope is missing, or can't have its value.
    """
    if is_texts(source):
        return _told(read_texts(numbering, cast("Any", source), cast("Any", unprinted)))
    return _asked(numbering, check_scopes(numbering, source_of(source, unprinted)))


def _told(furthest: Furthest) -> Generator[Select, Sequence[Row], Furthest]:
    return furthest
    yield  # a plan that has nothing to ask


def _asked(
    numbering: NumberingSpec, source: Source
) -> Generator[Select, Sequence[Row], Furthest]:
    rows = yield from source.plan()
    return read_rows(numbering, source, rows)


def read_texts(
    numbering: NumberingSpec, texts: Iterable[object], given: Mapping[str, ScopeValue]
) -> Furthest:
    """Read texts of one unprinted scope. None is the number of a row that has none yet.

    Raises:
        InvalidSequence: an unprinted scope is missing, or can't have its value.
    """
    scope = _unprinted(numbering, given)
    furthest = Furthest(numbering)
    for text in texts:
        if text is not None:
            furthest.read(text, scope)
    return furthest


def read_rows(numbering: NumberingSpec, source: Source, rows: Iterable[Row]) -> Furthest:
    """Read the rows of a column, with the scopes that stand beside it."""
    furthest = Furthest(numbering)
    for text, *values in rows:
        if text is None:
            continue
        beside = dict(zip(source.scopes, values, strict=True))
        nulls = [name for name, value in beside.items() if value is None]
        if nulls:
            furthest.unread.append(Unread(text, f"{nulls[0]} is NULL in its row"))
            continue
        scope = {name: _plain(value) for name, value in beside.items()}
        furthest.read(_plain(text), {**source.given, **scope})
    return furthest


def check_scopes(numbering: NumberingSpec, source: Source) -> Source:
    """The source, with the unprinted scopes that are the same for all rows.

    Raises:
        InvalidSequence: an unprinted scope is missing, or can't have its value.
    """
    anything = dict.fromkeys(source.scopes, "x")
    given = _unprinted(numbering, {**source.given, **anything})  # type: ignore[dict-item]
    return source._replace(given={n: v for n, v in given.items() if n not in source.scopes})


def _plain(value: object) -> str:
    """What a column has, as a text: a number may be an integer there, a tenant a UUID."""
    return value if isinstance(value, str) else str(value)


def _unprinted(
    numbering: NumberingSpec, given: Mapping[str, ScopeValue]
) -> Mapping[str, ScopeValue]:
    """The unprinted scopes that aren't bound, with their values."""
    printed = numbering._pattern.scopes
    for name in given:
        if name in printed:
            raise InvalidSequence(name, "is printed, so it is read from each text")
    filled, bound = numbering.bind(**given).bound, numbering.bound
    names = [name for name in numbering.scopes if name not in printed]
    scope = complete(names, tuple((n, v) for n, v in filled.items() if n in names), {})
    return {name: value for name, value in scope if name not in bound}
