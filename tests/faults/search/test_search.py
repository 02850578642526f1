"""Promise 3 by a search: no schedule of tasks in one transaction loses a number.

ASEQ_SEARCH_SEED     the seed; fixed in the gate, drawn and printed in `make soak`
ASEQ_SEARCH_SECONDS  how long to search on each kind; otherwise `COUNT` schedules
ASEQ_SEARCH_REPLAY   a schedule that was printed, to be played `TIMES` times
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.database import Database
from tests.faults.search.hunt import Hunt, hunting
from tests.faults.search.player import PIPELINES
from tests.faults.search.schedules import Schedule, Step, schedules

SEED = os.environ.get("ASEQ_SEARCH_SEED", "1")
SECONDS = float(os.environ.get("ASEQ_SEARCH_SECONDS", "0"))
COUNT, TIMES, TRIES = int(os.environ.get("ASEQ_SEARCH_COUNT", "100")), 200, 200


def planned(database: Database) -> Iterator[Schedule]:
    """The schedules to play."""
    if replay := os.environ.get("ASEQ_SEARCH_REPLAY"):
        played = eval(replay, {"Schedule": Schedule, "Step": Step})
        yield from [played] * TIMES
        return
    kind = database.case.client
    endless = schedules(f"{kind.__name__} {SEED}", pipelines=issubclass(kind, PIPELINES))
    end = time.monotonic() + SECONDS
    for number, schedule in enumerate(endless):
        if time.monotonic() > end if SECONDS else number == COUNT:
            return
        yield schedule


async def test_no_schedule_loses_a_number(database: Database, name: str) -> None:
    async with hunting(database, name) as hunt:
        for number, schedule in enumerate(planned(database)):
            if wrong := await hunt.play(schedule):
                shortest = await hunt.shortest(schedule, TRIES)
                pytest.fail(
                    f"seed {SEED}, schedule {number}: {'; '.join(wrong)}\n{schedule}\n"
                    f"and simpler:\n{shortest}\n{hunt.seen}"
                )
        assert not_in_vain(hunt), hunt.seen


def not_in_vain(hunt: Hunt) -> bool:
    """Whether draws ended well and badly, and blocks with numbers were committed."""
    wanted = "told", "draws failed", "committed with a number"
    return all(hunt.seen[what] for what in wanted)
