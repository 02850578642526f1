"""What an audit should find, worked out in plain Python from all rows at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from aseq.audit import SeriesAudit


@dataclass(frozen=True)
class Document:
    """A row of a test.

    Attributes:
        number: what its column holds: a number, a text that is none, or nothing.
        date: in ISO 8601.
        void: why it is void.
    """

    number: int | str | None
    date: str | None = None
    void: str | None = None


@dataclass(frozen=True)
class Found:
    """What was found, without the rows that have it, and without limits."""

    rows: int
    first: int | None
    last: int | None
    counter: int | None
    missing: tuple[int, ...]
    repeated: tuple[tuple[int, int], ...]
    outside: tuple[tuple[int, str], ...]
    unreadable: tuple[str, ...]
    out_of_order: tuple[tuple[int, str, int, str], ...]
    voids: tuple[tuple[int, str], ...]
    ok: bool


def expected(documents: list[Document], counter: int | None, first: int, step: int) -> Found:
    """What should be found in some rows."""
    sign = 1 if step > 0 else -1
    integers = (d.number for d in documents if isinstance(d.number, int))
    numbers = sorted(integers, key=sign.__mul__)
    last = counter if counter is not None else numbers[-1] if numbers else first - step
    due = range(first, last + sign, step)
    times = Counter(numbers)
    outside = [(n, _why(n, first, last, step)) for n in numbers if n not in due]
    if counter is None:
        outside = [(n, why) for n, why in outside if why != "beyond"]
    dated = sorted(
        ((d.number, d.date) for d in documents if d.number in due and d.date is not None),
        key=lambda pair: (int(pair[0] or 0) * sign, pair[1]),
    )
    found = Found(
        rows=sum(d.number is not None for d in documents),
        first=numbers[0] if numbers else None,
        last=numbers[-1] if numbers else None,
        counter=counter,
        missing=tuple(n for n in due if n not in times),
        repeated=tuple((n, c) for n, c in sorted(times.items()) if c > 1 and n in due),
        outside=tuple(sorted(outside)),
        unreadable=tuple(sorted(d.number for d in documents if isinstance(d.number, str))),
        out_of_order=tuple(
            (n, date, before, was)  # type: ignore[misc]
            for (before, was), (n, date) in pairwise(dated)
            if date < was
        ),
        voids=tuple(
            sorted(
                (d.number, d.void) for d in documents if isinstance(d.number, int) and d.void
            )
        ),
        ok=False,
    )
    bad = (
        found.missing
        or found.repeated
        or found.outside
        or found.unreadable
        or found.out_of_order
        or (counter is None and numbers)
    )
    return Found(**{**vars(found), "ok": not bad})


def _why(number: int, first: int, last: int, step: int) -> str:
    if (number - first) * step < 0:
        return "before"
    return "off_step" if (number - first) % step else "beyond"


def told(series: SeriesAudit) -> Found:
    """What an audit told, in the same shape."""
    return Found(
        rows=series.rows,
        first=series.first,
        last=series.last,
        counter=series.counter,
        missing=tuple(
            number
            for part in series.missing
            for number in _numbers(part.first, part.last, part.count)
        ),
        repeated=tuple(sorted((part.number, part.count) for part in series.repeated)),
        outside=tuple(sorted((part.number, part.why) for part in series.outside)),
        unreadable=tuple(sorted(part.text for part in series.unreadable)),
        out_of_order=tuple(
            (part.number, part.date, part.previous, part.previous_date)
            for part in series.out_of_order
        ),
        voids=tuple(sorted((part.number, part.reason) for part in series.voids)),
        ok=series.ok,
    )


def _numbers(first: int, last: int, count: int) -> list[int]:
    if count == 1:
        assert first == last
        return [first]
    step, rest = divmod(last - first, count - 1)
    assert rest == 0
    return [first + step * i for i in range(count)]


def totals(found: Found) -> dict[str, int]:
    """How many of each kind there are."""
    kinds = ("missing", "repeated", "outside", "unreadable", "out_of_order", "voids")
    return {kind: len(getattr(found, kind)) for kind in kinds}
