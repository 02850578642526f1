"""Django in a process of its own: settings that models read once, and fresh databases."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Site:
    """The tests' project in processes of its own, on a SQLite file or a PostgreSQL.

    Attributes:
        settings: what differs from `tests.django.settings`.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        file = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "db.sqlite3")}
        immediate = {"OPTIONS": {"transaction_mode": "IMMEDIATE"}}
        self.settings = {"DATABASES": {"default": file | immediate}} | settings

    def manage(self, *args: str, fails: bool = False) -> str:
        """Run ``manage.py`` with arguments; gives what it said, on stderr too."""
        done = self._run("-m", "django", *args)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def walk(self) -> dict[str, Any]:
        """Migrate there and back; gives what `tests.django.walk` saw."""
        seen: dict[str, Any] = json.loads(self.python("-m", "tests.django.walk"))
        return seen

    def python(self, *args: str) -> str:
        """Run Python in the project; gives what it printed."""
        done = self._run(*args)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _run(self, *args: str) -> subprocess.CompletedProcess[str]:
        env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.django.settings",
            "ASEQ_DJANGO_SETTINGS": json.dumps(self.settings),
        }
        return subprocess.run(
            [sys.executable, "-W", "error", *args],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=300,
        )
