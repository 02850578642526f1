"""What loses a number while nobody is cancelled: only aseq's own abort helps then."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

from aseq.numbering import Numbering
from tests import clients
from tests.clients import Client

LOCK = "UPDATE aseq_sequence SET last = last WHERE name = '{}'"
"""A statement of the user's own that waits for a sequence."""


def is_watched(client: Client) -> bool:
    """Whether errors of the user's own statements are heard of. (Drivers have no listeners.)"""
    return not isinstance(client, clients.Asyncmy)


async def unprinted(turn: AbstractAsyncContextManager[Any], name: str, conn: Any) -> None:
    """A draw whose number is there, and whose check digit fails."""
    fails = False

    def check(digits: str) -> str:
        if fails:
            raise RuntimeError
        return "7"

    numbers = Numbering(name, "{number}", check=check)
    fails = True
    async with turn:
        await numbers.next(conn)
