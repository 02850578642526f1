"""The types that a caller sees: the files in ``typing/`` under ``mypy --strict``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy", reason="it isn't in this environment: see `make types`")

ROOT = Path(__file__).parents[1]
_NAMES = ("api.py", "connections.py", "issuing.py")
FILES = [Path(__file__).with_name("typing") / name for name in _NAMES]
IGNORED = re.compile(r"  # type: ignore\[([a-z-]+)\]")
ERROR = re.compile(r"^[^:]+:(\d+): error: .*\[([a-z-]+)\]$", re.MULTILINE)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


def mypy(file: Path, cache: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Check a file as the project does."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary"]
    options = ["--hide-error-context", "--no-pretty", "--cache-dir", str(cache), *more]
    return subprocess.run(
        [*command, *options, str(file)],
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": "src"},  # aseq, also without this environment's packages
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_right_uses_pass_and_wrong_ones_are_ignored(file: Path, cache: Path) -> None:
    done = mypy(file, cache)

    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_wrong_use_is_an_error_and_nothing_else_is(
    file: Path, cache: Path, tmp_path: Path
) -> None:
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    wrong = {
        (number, code) for number, line in enumerate(lines, 1) for code in IGNORED.findall(line)
    }
    copy = tmp_path / file.name
    copy.write_text(IGNORED.sub("", "".join(lines)), encoding="utf-8")

    done = mypy(copy, cache)

    told = {(int(number), code) for number, code in ERROR.findall(done.stdout)}
    assert told == wrong, done.stdout + done.stderr
    assert len(wrong) > 15


WITHOUT = """\
import sqlite3
from aseq import AsyncSequence, Connection

async def draw(file: sqlite3.Connection, conn: Connection, text: str, what: object) -> None:
    await AsyncSequence().next_value(file)
    await AsyncSequence().next_value(conn)
    await AsyncSequence().next_value(text)
    await AsyncSequence().next_value(what)
"""


def test_a_library_that_isnt_installed_changes_nothing(tmp_path: Path) -> None:
    """In an environment that has no library of a connection, with aseq beside it."""
    file = tmp_path / "without.py"
    file.write_text(WITHOUT, encoding="utf-8")

    done = mypy(file, tmp_path / "cache", "--no-site-packages", "--follow-imports=silent")

    assert ERROR.findall(done.stdout) == [("7", "arg-type"), ("8", "arg-type")], done.stdout
