"""The desks of an issuer: one for each event loop and database, from the first call on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context

from aseq.issuing._desk import Desk


class Desks:
    """Finds the desk of the event loop that runs, or starts it.

    Each loop runs in one thread, which alone starts and finds its desk.

    Args:
        open_desk: makes a desk in the loop that runs, for the database of an alias.
    """

    def __init__(self, open_desk: Callable[[str], Desk]) -> None:
        self._open_desk = open_desk
        self._desks: dict[tuple[asyncio.AbstractEventLoop, str], Desk] = {}

    def here(self, using: str) -> Desk:
        """The desk of this loop. One whose task has ended is followed by another."""
        here = asyncio.get_running_loop(), using
        desk = self._desks.get(here)
        if desk is None or desk.has_ended:
            for other in list(self._desks):
                if other[0].is_closed():
                    self._desks.pop(other, None)
            # No request is in this context, and no block.
            desk = self._desks[here] = Context().run(self._open_desk, using)
        return desk
