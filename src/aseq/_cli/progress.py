"""How far a long command is: on a terminal, in one line that goes away again."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.status import Status

from .output import console_for


class Meter:
    """Shows what goes on, if stderr is a terminal."""

    def __init__(self) -> None:
        self._status: Status | None = None
        if sys.stderr.isatty():
            self._status = Status("", console=console_for(sys.stderr))

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def tell(self, step: object) -> None:
        """What goes on now: printed by its `str`."""
        if self._status is not None:
            self._status.update(str(step))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()
