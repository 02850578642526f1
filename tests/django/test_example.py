"""The example project passes its own tests, and its migrations are complete."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

PROJECT = Path(__file__).parents[2] / "examples" / "django_invoices"


@pytest.mark.parametrize("command", [["test"], ["makemigrations", "--check"]])
def test_manage(command: list[str], tmp_path: Path) -> None:
    here = copytree(PROJECT, tmp_path / "project", ignore=ignore_patterns("*.db"))
    done = subprocess.run(
        [sys.executable, "-W", "error", "manage.py", *command],
        cwd=here,
        env={key: value for key, value in os.environ.items() if not key.startswith("DJANGO_")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if command == ["test"]:
        assert "Ran 5 tests" in done.stderr
