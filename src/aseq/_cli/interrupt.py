"""Ctrl-C, wherever it meets the command.

sqlite3 and psycopg2 turn the KeyboardInterrupt of a handler that ran within a statement into an
error of the statement. So the handler notes that it was called.
"""

from __future__ import annotations

import signal
from types import FrameType

_interrupted = False


def install() -> None:
    """From now on, note it."""
    global _interrupted
    _interrupted = False
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def leave_to_the_loop() -> None:
    """From now on, let an event loop cancel its task instead: `asyncio.run` does, if it may."""
    if signal.getsignal(signal.SIGINT) is _interrupt:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def interrupted() -> bool:
    """Whether it was pressed."""
    return _interrupted


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _interrupted
    _interrupted = True
    raise KeyboardInterrupt
