"""Which series have each number that they should, once: proved by the totals alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from aseq._sql import Plan

from ._fingerprint import Fingerprint, P, blocks_of
from ._grid import Grid
from ._tally import Tally
from ._texts import integer
from ._totals import TotalsQuestion
from .progress import Steps

Keys: TypeAlias = tuple[int, int]


def complete(
    question: TotalsQuestion, tallies: Sequence[Tally], keys: Keys, steps: Steps
) -> Plan[frozenset[int]]:
    """The places of the series in which nothing is missing, repeated or outside.

    Args:
        question: which gave the totals.
        tallies: of all series.
        keys: of the hash function.
        steps: is told of the statement that this may take.
    """
    grid = question.numbers.grid
    empty = [i for i, tally in enumerate(tallies) if tally.expected(grid) is None]
    likely = [i for i, tally in enumerate(tallies) if _fits(tally, grid)]
    if question.texts.hashes is None:
        # Of several groups together it isn't known how many different numbers they have.
        whole = [i for i in likely if _counts_once(tallies[i])]
        return frozenset([*empty, *whole])
    if not likely:
        return frozenset(empty)
    # All begin with the same number, so the longest has the blocks of the others.
    longest = max(likely, key=lambda i: tallies[i].on_step)
    blocks = blocks_of(_positions(tallies[longest], grid))
    steps.begin("comparing sums")
    parts: tuple[dict[int, int], dict[int, int]] = {}, {}
    for part, place, value in (yield question.hashes(blocks.start, blocks.stop - 1, keys)):
        parts[integer(part) or 0][integer(place) or 0] = integer(value) or 0
    sums = Fingerprint(*parts)
    whole = [i for i in likely if tallies[i].proof % P == sums.of(_positions(tallies[i], grid))]
    return frozenset([*empty, *whole])


def _fits(tally: Tally, grid: Grid) -> bool:
    """Whether there are as many rows as numbers, and none outside."""
    expected = tally.expected(grid)
    return (
        expected is not None and tally.on_step == expected.count and not tally.has_strays(grid)
    )


def _counts_once(tally: Tally) -> bool:
    return tally.proof == tally.on_step and len(tally.groups) == 1


def _positions(tally: Tally, grid: Grid) -> range:
    expected = tally.expected(grid)
    assert expected is not None  # noqa: S101  # it fits
    return grid.positions(expected)
