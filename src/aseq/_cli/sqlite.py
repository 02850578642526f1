"""A file of SQLite: never made by accident, and Ctrl-C ends its statements."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

from aseq._exit_codes import ExitCode

from .problems import Problem

_MISSING = "there is no file {} (`aseq create` makes it, with the table in it)"

BUSY_TIMEOUT = 5.0
"""Seconds to wait for whoever writes to the file."""

_STEPS = 100_000
"""So many steps of SQLite's machine take about a millisecond."""


def connect(file: str, *, create: bool) -> sqlite3.Connection:
    """Open a file.

    Args:
        file: its path.
        create: make it, if it isn't there.

    Raises:
        Problem: it isn't there.
    """
    if not (create or Path(file).exists()):
        raise Problem(_MISSING.format(file), ExitCode.DATABASE)
    mode = "rwc" if create else "rw"
    path = quote(str(Path(file).absolute()))
    connection = sqlite3.connect(f"file:{path}?mode={mode}", timeout=BUSY_TIMEOUT, uri=True)
    # Python runs its signal handlers only between its own instructions: give it some.
    connection.set_progress_handler(lambda: None, _STEPS)
    return connection
