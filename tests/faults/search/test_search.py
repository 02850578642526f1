"""Promise 3 by a search: no schedule of tasks in one transaction loses a number.

The environment says what is played on each kind of connection:

    ASEQ_SEARCH_SEED     the seed of the schedules; it is printed with a failure
    ASEQ_SEARCH_COUNT    how many
    ASEQ_SEARCH_SECONDS  for how long, instead
    ASEQ_SEARCH_REPLAY   one schedule, as a failure printed it, `TIMES` times
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.database import Database
from tests.faults.search.hunt import Hunt, hunting
from tests.faults.search.player import PIPELINES
from tests.faults.search.schedules import TROUBLES, Schedule, Step, schedules

pytestmark = pytest.mark.only(
    awaited=True,
    dialect={"mariadb", "postgresql", "sqlite"},  # it cancels calls; answers have a pace
)

SEED = os.environ.get("ASEQ_SEARCH_SEED", "1")
COUNT = int(os.environ.get("ASEQ_SEARCH_COUNT", "100"))
SECONDS = float(os.environ.get("ASEQ_SEARCH_SECONDS", "0"))
REPLAY = os.environ.get("ASEQ_SEARCH_REPLAY")
TIMES = 200

SHRINKING = 15.0
"""Seconds in which a simpler schedule is looked for."""


def planned(database: Database) -> Iterator[Schedule]:
    """The schedules to play."""
    if REPLAY:
        yield from [eval(REPLAY, {"Schedule": Schedule, "Step": Step})] * TIMES
        return
    kind = database.case.client
    endless = schedules(
        f"{kind.__name__} {SEED}",
        pipelines=issubclass(kind, PIPELINES),
        troubles=TROUBLES if database.case.dialect == "mariadb" else (),
    )
    count = COUNT // 4 if database.case.dialect == "mariadb" else COUNT  # each takes longer
    end = time.monotonic() + SECONDS
    for number, schedule in enumerate(endless):
        if time.monotonic() > end if SECONDS else number == count:
            return
        yield schedule


async def test_no_schedule_loses_a_number(database: Database, name: str) -> None:
    async with hunting(database, name) as hunt:
        for number, schedule in enumerate(planned(database)):
            if wrong := await hunt.play(schedule):
                simpler = await hunt.shortest(schedule, SHRINKING)
                pytest.fail(
                    f"seed {SEED}, schedule {number}: {'; '.join(wrong)}\n{schedule}\n"
                    f"and simpler:\n{simpler}\n{hunt.seen}"
                )
        assert REPLAY or not_in_vain(hunt, database), hunt.seen


def not_in_vain(hunt: Hunt, database: Database) -> bool:
    """Whether draws ended well and badly, and blocks with numbers were committed."""
    wanted = ["told", "draws failed", "committed with a number"]
    if database.case.dialect == "mariadb":
        wanted += ["deadlocks", "unprinted"]
    return all(hunt.seen[what] for what in wanted)
