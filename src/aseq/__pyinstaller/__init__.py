"""For PyInstaller, which can't see which adapter a program will need.

It finds this folder by the entry point ``pyinstaller40``.
"""

from __future__ import annotations

from pathlib import Path


def get_hook_dirs() -> list[str]:
    """Where PyInstaller finds our hooks."""
    return [str(Path(__file__).parent)]
