"""The types that a caller sees: ``typing/api.py`` under ``mypy --strict``."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy", reason="it isn't in this environment: see `make types`")

ROOT = Path(__file__).parents[1]
API = Path(__file__).with_name("typing") / "api.py"
IGNORED = re.compile(r"  # type: ignore\[([a-z-]+)\]")
ERROR = re.compile(r"^[^:]+:(\d+): error: .*\[([a-z-]+)\]$", re.MULTILINE)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


def mypy(file: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    """Check a file as the project does."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary"]
    options = ["--hide-error-context", "--no-pretty", "--cache-dir", str(cache), str(file)]
    return subprocess.run(
        [*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


def test_right_uses_pass_and_wrong_ones_are_ignored(cache: Path) -> None:
    done = mypy(API, cache)

    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_each_wrong_use_is_an_error_and_nothing_else_is(cache: Path, tmp_path: Path) -> None:
    lines = API.read_text(encoding="utf-8").splitlines(keepends=True)
    wrong = {
        (number, code) for number, line in enumerate(lines, 1) for code in IGNORED.findall(line)
    }
    copy = tmp_path / "api.py"
    copy.write_text(IGNORED.sub("", "".join(lines)), encoding="utf-8")

    done = mypy(copy, cache)

    told = {(int(number), code) for number, code in ERROR.findall(done.stdout)}
    assert told == wrong, done.stdout + done.stderr
    assert len(wrong) > 30
