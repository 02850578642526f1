"""What asyncio says of connections that were given up, and nobody has to hear."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg


def ignore_lost_connections(loop: asyncio.AbstractEventLoop) -> None:
    """Don't fail a test for what asyncio says about a connection that was given up.

    It is terminated if its statement was cancelled. A future inside asyncpg, or a pool's
    shielded `release`, may then end in an error that nobody awaits, which asyncio reports
    much later.
    """
    report = loop.get_exception_handler()
    if getattr(report, "__name__", None) == "without_lost_connections":
        return

    def without_lost_connections(
        loop: asyncio.AbstractEventLoop, context: dict[str, Any]
    ) -> None:
        exc = context.get("exception")
        if isinstance(exc, ConnectionError) and "connection_lost()" in str(exc):
            return
        if (
            isinstance(exc, asyncpg.ConnectionDoesNotExistError)
            and "shield" in context["message"]
        ):
            return
        (report or asyncio.AbstractEventLoop.default_exception_handler)(loop, context)

    loop.set_exception_handler(without_lost_connections)
