"""The ways of drawing and moving that need a script of their own."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

from aseq._core.waiting import Wait


class Draw(NamedTuple):
    """The ways of drawing numbers that need a script of their own.

    Attributes:
        looping: the sequence starts again at its end.
        queued: waiters stand in the fair queue.
        wait: how the draw waits.
        starts: the first values fit, so that it may make the row of the sequence.
    """

    looping: bool
    queued: bool
    wait: Wait = Wait.ANY
    starts: bool = True


DRAWS = tuple(
    Draw(*flags)
    for flags in product((False, True), (False, True), Wait, (True, False))
    if Draw(*flags).starts or not Draw(*flags).looping
)


class Move(NamedTuple):
    """The ways of moving or deleting a sequence that need a script of their own."""

    queued: bool
    wait: Wait = Wait.ANY


MOVES = tuple(Move(*flags) for flags in product((False, True), (Wait.ANY, Wait.BOUNDED)))


class TimedDraw(NamedTuple):
    """The ways of drawing numbers within a span of time. They never loop."""

    queued: bool
    wait: Wait = Wait.ANY


TIMED_DRAWS = tuple(TimedDraw(*flags) for flags in product((False, True), Wait))


class Allocate(NamedTuple):
    """The ways of drawing from several sequences that need a script of their own.

    Attributes:
        looping: some of them loop.
        timed: some of them are the right ones only for a span of time.
        wait: how the draw waits.
    """

    looping: bool
    timed: bool
    wait: Wait = Wait.ANY


ALLOCATES = tuple(Allocate(*flags) for flags in product((False, True), (False, True), Wait))
