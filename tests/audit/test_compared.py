"""Numbers in memory are compared as those of a database are."""

from __future__ import annotations

from random import Random

import pytest

from aseq.audit._compared import compared
from aseq.audit._grid import Grid

from .oracle import expected, told, totals
from .plant import planted


@pytest.mark.parametrize("seed", range(0, 1000, 250))
def test_what_was_planted_is_found(seed: int) -> None:
    for number in range(seed, seed + 250):
        here = planted(Random(number), texts=False)
        documents = [d for d in here.documents if d.number is not None]
        numbers = [int(d.number or 0) for d in documents]
        last = here.counter
        if last is None:
            continue
        found = compared(numbers, Grid(here.first, here.step), last)
        wanted = expected(documents, last, here.first, here.step)
        kinds = ("missing", "repeated", "outside")
        assert {k: getattr(told(found), k) for k in kinds} == {
            k: getattr(wanted, k) for k in kinds
        }, number
        assert {k: getattr(found.totals, k) for k in kinds} == {
            k: totals(wanted)[k] for k in kinds
        }, number
