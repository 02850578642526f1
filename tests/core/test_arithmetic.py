"""Where a draw ends, and which values it has, against counting one by one."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aseq._core.arithmetic import MAX, MIN, Cycle, batch, bounds, fits
from aseq._core.spec import SequenceSpec
from tests.core.looping import as_the_database_does, binds_of, cases, one_by_one, values

FITS = [
    (0, True),
    (MAX, True),
    (MIN, True),
    (9223372036854775807, True),
    (9223372036854775808, False),
    (-9223372036854775808, True),
    (-9223372036854775809, False),
]

# (distance of a draw, lowest and highest last value from which it stays within 64 bits)
BOUNDS = [
    (1, MIN, MAX - 1),
    (10, MIN, MAX - 10),
    (-1, MIN + 1, MAX),
    (-10, MIN + 10, MAX),
    (MAX, MIN, 0),
    (MIN, 0, MAX),
]

# (end, step, count, values)
BATCHES = [
    (1, 1, 1, [1]),
    (5, 1, 3, [3, 4, 5]),
    (5, 2, 3, [1, 3, 5]),
    (-5, -1, 3, [-3, -4, -5]),
    (0, -3, 2, [3, 0]),
    (MAX, 1, 2, [MAX - 1, MAX]),
    (MIN, -1, 2, [MIN + 1, MIN]),
]

# (cycle, its values)
CYCLES = [
    (Cycle(1, 1, 3), [1, 2]),
    (Cycle(1, 1, 2), [1]),
    (Cycle(0, 2, 5), [0, 2, 4]),
    (Cycle(0, 2, 4), [0, 2]),
    (Cycle(3, -1, 0), [3, 2, 1]),
    (Cycle(3, -2, -2), [3, 1, -1]),
    (Cycle(-5, 10, -4), [-5]),
]

# (cycle, end, count, values): the first ones don't loop
CYCLE_BATCHES: list[tuple[Cycle, int, int, range | tuple[int, ...]]] = [
    (Cycle(1, 1, 6), 3, 3, range(1, 4)),
    (Cycle(1, 1, 6), 5, 1, range(5, 6)),
    (Cycle(3, -1, 0), 1, 2, range(2, 0, -1)),
    (Cycle(1, 1, 6), 2, 3, (5, 1, 2)),
    (Cycle(1, 1, 6), 1, 5, (2, 3, 4, 5, 1)),
    (Cycle(0, 2, 5), 0, 2, (4, 0)),
    (Cycle(3, -1, 0), 3, 3, (2, 1, 3)),
]


@pytest.mark.parametrize(("value", "expected"), FITS)
def test_fits(value: int, expected: bool) -> None:
    assert fits(value) is expected


@pytest.mark.parametrize(("distance", "lowest", "highest"), BOUNDS)
def test_bounds(distance: int, lowest: int, highest: int) -> None:
    within = bounds(distance)

    assert (within.start, within.stop - 1, within.step) == (lowest, highest, 1)
    assert fits(lowest + distance)
    assert fits(highest + distance)
    assert not fits((highest if distance > 0 else lowest) + distance + distance)


@pytest.mark.parametrize(("end", "step", "count", "expected"), BATCHES)
def test_batch(end: int, step: int, count: int, expected: list[int]) -> None:
    assert list(batch(end, step, count)) == expected


@pytest.mark.parametrize(("cycle", "expected"), CYCLES)
def test_a_cycle_knows_its_values(cycle: Cycle, expected: list[int]) -> None:
    assert list(cycle.values) == expected
    assert cycle.length == len(expected)
    assert cycle.final == expected[-1]


@pytest.mark.parametrize(("cycle", "end", "count", "expected"), CYCLE_BATCHES)
def test_a_batch_is_a_range_unless_it_loops(
    cycle: Cycle, end: int, count: int, expected: range | tuple[int, ...]
) -> None:
    assert cycle.batch(end, count) == expected


def test_every_small_looping_draw_is_what_counting_gives() -> None:
    counted = 0
    for spec, last, count in cases():
        assert draw(spec, last, count) == one_by_one(spec, last, count), (spec, last, count)
        counted += 1
    assert counted > 39_000


def draw(spec: SequenceSpec, last: int | None, count: int) -> list[int]:
    """A looping draw as plan and database share it out."""
    assert spec._cycle is not None
    end = as_the_database_does(binds_of(spec, count), last)
    return list(spec._cycle.batch(end, count))


@st.composite
def looping_draws(pick: st.DrawFn) -> tuple[SequenceSpec, int | None, int]:
    """Cycles anywhere in 64 bits; last values on them, near them and far from them."""
    step = pick(st.integers(1, 2**62)) * pick(st.sampled_from((1, -1)))
    first = pick(st.integers(MIN, MAX) | st.integers(-5, 5))
    length = pick(st.integers(1, 40))
    reset = first + (length - 1) * step + pick(st.integers(1, abs(step))) * (step // abs(step))
    # A cycle that 64 bits can't hold is cut down to one value.
    room = fits(reset) and fits(reset - first) and fits(reset - first + step)
    if not room:
        step, reset, length = (1, first + 1, 1) if first < MAX else (-1, first - 1, 1)
    spec = SequenceSpec(initial_value=first, reset_value=reset, step=step)
    on = st.sampled_from(values(spec))
    near = on.map(lambda value: max(MIN, min(MAX, value + pick(st.integers(-3, 3)))))
    last = pick(st.none() | on | near | st.integers(MIN, MAX))
    return spec, last, pick(st.integers(1, length))


@settings(deadline=None, max_examples=400)
@given(looping_draws())
@example((SequenceSpec(initial_value=MAX - 1, reset_value=MAX), MIN, 1))
@example((SequenceSpec(initial_value=MIN + 1, reset_value=MIN, step=-1), MAX, 1))
@example((SequenceSpec(initial_value=0, reset_value=10, step=3), 5, 4))
def test_any_looping_draw_is_what_counting_gives(
    case: tuple[SequenceSpec, int | None, int],
) -> None:
    spec, last, count = case

    assert draw(spec, last, count) == one_by_one(spec, last, count)


@settings(deadline=None)
@given(
    st.integers(MIN, MAX),
    st.integers(-(2**40), 2**40).filter(bool),
    st.integers(1, 50),
)
def test_an_endless_batch_is_what_counting_gives(last: int, step: int, count: int) -> None:
    drawn = [last + (n + 1) * step for n in range(count)]
    stays = fits(drawn[-1])

    assert (last in bounds(count * step)) is stays
    assert list(batch(drawn[-1], step, count)) == drawn
