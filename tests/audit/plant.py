"""Rows with planted mistakes: holes, doubles, strays, voids, dates that run backwards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from .oracle import Document

STARTS = ((1, 1), (4711, 1), (0, 5), (-7, 3), (100, -1), (3, -4), (-(2**63) + 5, 1))


@dataclass(frozen=True)
class Planted:
    """A table of a test, and its counter."""

    documents: list[Document]
    counter: int | None
    first: int
    step: int


def planted(
    random: Random, *, texts: bool, start: tuple[int, int] | None = None, longest: int = 200
) -> Planted:
    """A series in which some things are wrong, or nothing is.

    Args:
        random: decides.
        texts: whether the column can hold texts that aren't numbers.
        start: the first number and the step, if these are given.
        longest: how many rows there are at most.
    """
    first, step = start or random.choice(STARTS)
    length = min(random.choice((0, 1, 2, 5, 30, 200)), longest)
    documents = [
        Document(first + i * step, f"2026-{i // 25 + 1:02}-{i % 25 + 1:02}")
        for i in range(length)
    ]
    counter: int | None = first + (length - 1) * step
    for change in random.sample(CHANGES, random.randrange(4)):
        documents, counter = change(random, documents, counter, first, step)
    if texts and random.random() < 0.2:
        documents += [Document(t) for t in random.sample(("INV-7", "", "1 3", "0x1F", "٣"), 2)]
    if random.random() < 0.3:
        documents += [Document(None, "2020-01-01", "a draft")] * random.randrange(1, 3)
    random.shuffle(documents)
    return Planted(documents, counter, first, step)


Rows = list[Document]
Changed = tuple[Rows, int | None]


def _hole(random: Random, rows: Rows, counter: int | None, first: int, step: int) -> Changed:
    start = random.randrange(len(rows) + 1)
    return rows[:start] + rows[start + random.choice((1, 3)) :], counter


def _tail(random: Random, rows: Rows, counter: int | None, first: int, step: int) -> Changed:
    return rows, None if counter is None else counter + random.choice((1, 4)) * step


def _double(random: Random, rows: Rows, counter: int | None, first: int, step: int) -> Changed:
    return rows + random.choices(rows, k=random.choice((1, 2, 15))) if rows else rows, counter


def _swap(random: Random, rows: Rows, counter: int | None, first: int, step: int) -> Changed:
    """A hole and a double: as many rows as numbers."""
    if len(rows) < 2:
        return rows, counter
    one, other = random.sample(range(len(rows)), 2)
    changed = list(rows)
    changed[one] = replace(rows[one], number=rows[other].number)
    return changed, counter


def _stray(random: Random, rows: Rows, counter: int | None, first: int, step: int) -> Changed:
    numbers = [n for n in (first - step, first + 1, first + 997 * step) if abs(n) < 2**63]
    return rows + [Document(n, "2025-01-01") for n in random.sample(numbers, 2)], counter


def _date(random: Random, rows: Rows, counter: int | None, first: int, step: int) -> Changed:
    changed = list(rows)
    for place in random.sample(range(len(rows)), min(3, len(rows))):
        changed[place] = replace(rows[place], date=random.choice((None, "2026-01-07")))
    return changed, counter


def _void(random: Random, rows: Rows, counter: int | None, first: int, step: int) -> Changed:
    reasons = ("customer withdrew", "it's a 'test'", "100 % wrong")
    return [
        replace(row, void=random.choice(reasons)) if random.random() < 0.1 else row
        for row in rows
    ], counter


def _uncounted(
    random: Random, rows: Rows, counter: int | None, first: int, step: int
) -> Changed:
    return rows, None


CHANGES = (_hole, _tail, _double, _swap, _stray, _date, _void, _uncounted)
