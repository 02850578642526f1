"""What one to three tasks do in one transaction, and when: as data, made from a seed.

The unit of time is a turn of the event loop. Answers of the database take turns too, so a
schedule that lost a number loses it again when it is played again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Literal

Act = Literal[
    "draw",
    "three",
    "other",
    "nowait",
    "plain",
    "savepoint",
    "undone",
    "deadlock",
    "unprinted",
]
"""What a task does: draws a number, three, one of another sequence, or one without waiting;
a plain statement; a savepoint that is released, or rolled back; what the server ends with a
deadlock, or a draw whose number is there and can't be printed."""

DRAWS: tuple[Act, ...] = ("draw", "three", "other", "nowait")
TROUBLES: tuple[Act, ...] = ("deadlock", "unprinted")
"""What loses a number while nobody is cancelled, so that no driver closes its connection."""

SAVEPOINTS: tuple[Act, ...] = ("savepoint", "undone")
WEIGHTS: dict[Act, int] = {
    "draw": 6,
    "three": 1,
    "other": 2,
    "nowait": 1,
    "plain": 3,
    "savepoint": 3,
    "undone": 5,
}


class _Short:
    """Printed without what is as usual, so that it can be pasted and played again."""

    def __repr__(self) -> str:
        shown = (
            f"{field.name}={value!r}"
            for field in fields(self)  # type: ignore[arg-type]
            if (value := getattr(self, field.name)) != field.default
        )
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(frozen=True, repr=False)
class Step(_Short):
    """One thing that a task does.

    Attributes:
        does: what.
        after: turns before it.
        inside: what is done inside a savepoint; or what meets a deadlock, if it is no draw.
        cancel: turns after which a draw is cancelled; the cancellation is swallowed.
        way: how, see `tests.faults.attempts.WAYS`.
        late: whether the answer comes just before that, so that nobody has seen it.
        awaited: whether the task waits for the end of a draw that it cancelled.
    """

    does: Act
    after: int = 0
    inside: Act | None = None
    cancel: int | None = None
    way: str = "task"
    late: bool = False
    awaited: bool = True


@dataclass(frozen=True, repr=False)
class Schedule(_Short):
    """What happens in one transaction.

    Attributes:
        tasks: each with its steps, one after the other.
        answers: turns before each answer of the database is let through. After the last
            one, and if there are none, nothing is held back.
        behind: turns for which another transaction holds the sequence.
        pipeline: whether the tasks are in a pipeline (of psycopg).
        raises: whether the block is left by the error of a step, or commits whatever came.
        closes: whether a session is closed afterwards, or rolled back.
    """

    tasks: tuple[tuple[Step, ...], ...]
    answers: tuple[int, ...] = ()
    behind: int | None = None
    pipeline: bool = False
    raises: bool = False
    closes: bool = False

    @property
    def troubled(self) -> bool:
        """Whether there is any of the `TROUBLES` in it."""
        return any(step.does in TROUBLES for steps in self.tasks for step in steps)

    @property
    def leaves_draws(self) -> bool:
        """Whether its block may end before its draws."""
        return any(not step.awaited for steps in self.tasks for step in steps)


def schedules(seed: str, *, pipelines: bool, troubles: tuple[Act, ...]) -> Iterator[Schedule]:
    """All the schedules of a seed, without end.

    Args:
        seed: of the dice.
        pipelines: whether the driver has them.
        troubles: which of the `TROUBLES` there are, each in one of five.
    """
    dice = random.Random(seed)
    while True:
        schedule = _schedule(dice, pipelines=pipelines)
        if troubles and dice.random() < 0.2 * len(troubles):
            schedule = _with_trouble(dice, schedule, dice.choice(troubles))
        yield schedule


def _with_trouble(dice: random.Random, schedule: Schedule, does: Act) -> Schedule:
    """In its first task. What is told before it is in the transaction that it ends."""
    trouble = Step(does, _turns(dice), dice.choice((None, "plain")))
    tasks = ((Step("draw"), trouble), *schedule.tasks[1:])
    return replace(schedule, tasks=tasks, behind=None)


def _schedule(dice: random.Random, *, pipelines: bool) -> Schedule:
    first = _draw(dice, cancelled=0.8)
    others = (_step(dice) for _ in range(dice.choice((0, 1, 1, 1, 2))))
    tasks: list[tuple[Step, ...]] = [(first,), *((other,) for other in others)]
    for index, steps in enumerate(tasks):
        if dice.random() < 0.25:
            tasks[index] = (*steps, _step(dice))
    held = dice.random() < 0.6
    return Schedule(
        tasks=tuple(tasks),
        answers=tuple(_turns(dice) for _ in range(dice.randint(1, 8))) if held else (),
        behind=_turns(dice) if dice.random() < 0.1 else None,
        pipeline=pipelines and dice.random() < 0.3,
        raises=dice.random() < 0.15,
        closes=dice.random() < 0.5,
    )


def _step(dice: random.Random) -> Step:
    [does] = dice.choices(list(WEIGHTS), list(WEIGHTS.values()))
    if does in DRAWS:
        return _draw(dice, cancelled=0.4)
    inside: Act | None = dice.choice((None, "plain", "plain", "draw"))
    return Step(does, _turns(dice), inside if does in SAVEPOINTS else None)


def _draw(dice: random.Random, *, cancelled: float) -> Step:
    [does] = dice.choices(DRAWS, [WEIGHTS[act] for act in DRAWS])
    after = _turns(dice) if dice.random() < 0.5 else 0
    if dice.random() > cancelled:
        return Step(does, after)
    way, late = dice.choice(("task", "scope")), dice.random() < 0.4
    awaited = dice.random() < 0.8
    return Step(does, after, None, _turns(dice), way, late, awaited)


def _turns(dice: random.Random) -> int:
    return dice.randrange(dice.choice((4, 14, 40)))
