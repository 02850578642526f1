"""Keeping a connection of asyncmy's or aiomysql's to one task while that draws.

All that they send goes through `_execute_command`. `ping` would take a refusal there for a
lost connection, and connect anew in the middle of the draw.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aseq._concurrency.reserved import Reservation

BUSY = "another task uses this connection, and it can serve only one at a time"

_GUARDED = ("_execute_command", "ping")


class Hold:
    """For the length of the block, the connection sends nothing but what this task says.

    Args:
        connection: of either driver.
        in_use: whether another task waits for an answer on it.
        error: what the driver raises for a connection that can't be used.
    """

    def __init__(
        self,
        connection: Any,
        in_use: Callable[[Any], bool],
        error: type[Exception],
    ) -> None:
        self._connection, self._in_use, self._error = connection, in_use, error

    async def __aenter__(self) -> None:
        if _GUARDED[0] in vars(self._connection) or self._in_use(self._connection):
            raise self._error(0, BUSY)
        reservation = Reservation()
        for name in _GUARDED:
            setattr(self._connection, name, self._guarded(name, reservation))

    async def __aexit__(self, *_: object) -> None:
        for name in _GUARDED:
            delattr(self._connection, name)

    def _guarded(self, name: str, reservation: Reservation) -> Callable[..., Any]:
        method = getattr(self._connection, name)

        async def run(*args: Any, **kwargs: Any) -> Any:
            if not reservation.is_mine():
                raise self._error(0, BUSY)
            return await method(*args, **kwargs)

        return run
