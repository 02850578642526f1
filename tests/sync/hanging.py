"""A process that hangs in the middle of a transaction, to be killed there."""

from __future__ import annotations

import os
import time
from contextlib import suppress


def hang_once(flag: str) -> None:
    """If the file is there, remove it, say who this is, and hang."""
    with suppress(FileNotFoundError):
        os.unlink(flag)
        os.write(1, f"{os.getpid()}\n".encode())
        time.sleep(600)
