"""Callers of an issuer: they ask again until they have their number, whatever happens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import anyio

from aseq.issuing import Issuer

DRAFTS = 400
TABLE = "CREATE TABLE draft (id int PRIMARY KEY, number bigint UNIQUE)"
FILL = "INSERT INTO draft (id) VALUES " + ", ".join(f"({key})" for key in range(1, DRAFTS + 1))


async def issue_all(
    issuer: Issuer[int],
    ready: Callable[[], Awaitable[None]],
    happens: Callable[[], Awaitable[object]],
) -> dict[int, int]:
    """The numbers by key; something happens to the servers when a quarter has been asked for.

    Args:
        issuer: whom they ask.
        ready: returns when there is a server that can be written to.
        happens: what does.
    """
    answers: dict[int, int] = {}
    one_asks = anyio.Lock()  # all at once would be more connections than a server takes

    async def issue(key: int) -> None:
        with anyio.fail_after(120):
            while key not in answers:
                try:
                    answers[key] = await issuer.issue(key)
                except Exception:
                    async with one_asks:
                        await ready()
                    # And ask again: the key keeps it from a second one.

    async with issuer, anyio.create_task_group() as tasks:
        for key in range(1, DRAFTS // 4 + 1):
            tasks.start_soon(issue, key)
        while not answers:  # noqa: ASYNC110
            await anyio.sleep(0.001)
        for key in range(DRAFTS // 4 + 1, DRAFTS + 1):
            tasks.start_soon(issue, key)
        await happens()
    return answers


def assert_issued(answers: dict[int, int], stored: Iterable[tuple[int, int]]) -> None:
    """Each draft has one number, none is missing, and everybody was told theirs."""
    numbers = dict(stored)
    assert numbers == answers
    assert sorted(numbers.values()) == list(range(1, DRAFTS + 1))
