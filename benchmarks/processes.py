"""Issuers in several processes, on one sequence.

    python -m benchmarks.processes URL SECONDS CALLERS FIRST LAST

is one of them: it numbers the drafts with these keys, once a line comes on its standard input.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Iterator, Sequence

import asyncpg

from . import issuing, ways
from .cells import PROCESSES
from .counting import count
from .figures import Figure, summed_up
from .load import Turn
from .settings import Settings

TABLE = f"rows_{PROCESSES.id}"


async def measure(url: str, settings: Settings, done: Callable[[], None]) -> list[Figure]:
    """Measure one process with all the callers, and several that share them.

    Args:
        url: of the database.
        settings: how many, how often and how long.
        done: called after each turn.
    """
    turns: dict[int, list[Turn]] = {1: [], settings.processes: []}
    before = count(url, PROCESSES.id).rows
    for _ in range(settings.rounds):
        for number, some in turns.items():
            some.append(await _turn(url, settings, number))
            done()
    found = count(url, PROCESSES.id)  # of both: one's rows are what the other didn't write
    return [
        summed_up("processes", number, PROCESSES, turns[number], found, before + others)
        for number, others in (
            (1, _transactions(turns[settings.processes])),
            (settings.processes, _transactions(turns[1])),
        )
    ]


def _transactions(turns: Sequence[Turn]) -> int:
    return sum(len(turn.transactions) for turn in turns)


async def _turn(url: str, settings: Settings, number: int) -> Turn:
    conn = await asyncpg.connect(url)
    wanted = int(settings.seconds * issuing.MOST_PER_SECOND) + number
    keys = await issuing.make_drafts(conn, TABLE, wanted)
    share, callers = len(keys) // number, max(settings.callers) // number
    workers = [
        await _start(url, settings.seconds, callers, keys[i * share], keys[(i + 1) * share - 1])
        for i in range(number)
    ]
    told = [json.loads(line) for line in await _all_at_once(workers)]
    await conn.execute(f"DELETE FROM {TABLE} WHERE number IS NULL")
    await conn.close()
    took = [seconds for each in told for seconds in each["took"]]
    return Turn(max(each["seconds"] for each in told), took)


async def _start(url: str, *arguments: float) -> Process:
    command = (sys.executable, "-m", __name__, url, *map(str, arguments))
    return await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=2**26)


async def _all_at_once(workers: Sequence[Process]) -> list[bytes]:
    for worker in workers:
        assert worker.stdout is not None
        await worker.stdout.readline()  # it is connected
    answers = await asyncio.gather(*(worker.communicate(b"\n") for worker in workers))
    return [out for out, _ in answers]


async def _work(url: str, seconds: float, callers: int, keys: Iterator[int]) -> None:
    async with (
        asyncpg.create_pool(url, min_size=2, max_size=4) as pool,
        issuing.issuer_for(pool, PROCESSES) as issuer,
    ):
        await issuer.issue(next(keys))
        _say({})
        await asyncio.to_thread(sys.stdin.readline)
        turn = await ways.turn(issuing.Given(issuer, keys), callers, seconds)
    _say({"seconds": turn.seconds, "took": [0.0, *turn.transactions]})


def _say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _, _url, _seconds, _callers, _first, _last = sys.argv
    _keys = iter(range(int(_first), int(_last) + 1))
    asyncio.run(_work(_url, float(_seconds), int(_callers), _keys))
