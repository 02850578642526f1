"""Where files are in memory: nothing of the tests has to survive a loss of power."""

import contextlib
import os
import shutil
from pathlib import Path

_MEMORY, _ROOM = Path("/dev/shm"), 2**30


def place() -> str | None:
    """A folder in memory, if there is one with room."""
    with contextlib.suppress(OSError):
        if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
            return str(_MEMORY)
    return None
