"""The demo: it keeps its promises in public, and would say so if it didn't."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from examples.invoices import demo
from examples.invoices.picture import strip
from examples.invoices.storm import Outcome, orders
from examples.invoices.verdict import complaints, holes, repeats

ROOT = Path(__file__).parents[1]
BROKEN = {"ASEQ_TEST_POSTGRES_BIN": str(ROOT), "ASEQ_TEST_POSTGRES_DSN": ""}
OURS = ("CI", "PYTHONPATH", "FORCE_COLOR", "COLUMNS", "NO_COLOR")

GOOD = Outcome(
    statuses=Counter({201: 134, 409: 66}),
    answered=list(range(134, 0, -1)),
    numbers=list(range(1, 135)),
    rivals=list(range(2, 136)),
)


def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if key not in OURS}
    return subprocess.run(
        [sys.executable, "-m", "examples.invoices.demo", *args],
        cwd=ROOT,
        env=kept | {"PYTHONUTF8": "1", "ASEQ_DEMO_LIMIT": "120"} | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


def test_no_gap_and_no_duplicate_on_both_databases() -> None:
    result = run("--require-postgres")
    assert result.returncode == 0, result.stdout
    assert result.stdout.count("134 invoices issued, 66 orders refused") == 2
    assert result.stdout.count("\naseq: 134 saved, 0 holes\n") == 2
    assert "OK SQLite: every number once, and none is missing." in result.stdout
    assert "OK PostgreSQL: every number once, and none is missing." in result.stdout
    assert result.stdout.endswith("\nOK on SQLite and PostgreSQL.\n")
    assert "\x1b" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_goes_on_without_postgresql() -> None:
    result = run(**BROKEN)
    assert result.returncode == 0, result.stdout
    assert "Not tried: No PostgreSQL could be run." in result.stdout
    assert result.stdout.endswith("\nOK on SQLite; PostgreSQL wasn't tried.\n")


@pytest.mark.parametrize(
    ("args", "ci", "code"),
    [([], "", 0), ([], "true", 1), (["--require-postgres"], "", 1)],
)
def test_postgresql_can_be_required(
    args: list[str], ci: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "on_sqlite", lambda console: True)
    monkeypatch.setattr(sys, "argv", ["demo", *args])
    for key, value in (BROKEN | {"CI": ci}).items():
        monkeypatch.setenv(key, value)
    assert demo.main() == code


def test_good_outcome_has_no_complaints() -> None:
    assert complaints(GOOD) == []
    assert Counter(order["cents"] <= 100_000 for order in orders()) == {True: 134, False: 66}


BAD = {
    "gap: 7, 9 missing": replace(GOOD, numbers=[n for n in GOOD.numbers if n not in (7, 9)]),
    "duplicate: 7 used more than once": replace(GOOD, numbers=[*GOOD.numbers, 7]),
    "the numbers begin with [0], not with 1": replace(GOOD, numbers=[0, *GOOD.numbers]),
    "the numbers begin with [], not with 1": replace(GOOD, numbers=[]),
    "the responses and the database don't agree": replace(GOOD, answered=[*range(1, 134), 136]),
    "the auditor says: 7 is missing": replace(GOOD, report="7 is missing"),
    "unexpected responses: {201: 134, 500: 66}": replace(
        GOOD, statuses=Counter({201: 134, 500: 66})
    ),
    "what people use instead has no hole: this storm shows nothing": replace(
        GOOD, rivals=GOOD.numbers
    ),
}


@pytest.mark.parametrize(("complaint", "outcome"), BAD.items())
def test_bad_outcome_is_complained_about(complaint: str, outcome: Outcome) -> None:
    assert complaint in complaints(outcome)


@pytest.mark.parametrize("outcome", BAD.values(), ids=BAD)
def test_bad_outcome_fails_the_demo(
    outcome: Outcome, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def storm(*_: object, **__: object) -> Outcome:
        return outcome

    monkeypatch.setattr(demo, "storm", storm)
    monkeypatch.setattr(demo, "on_postgresql", lambda *_: True)
    monkeypatch.setattr(sys, "argv", ["demo"])
    for key in OURS:
        monkeypatch.delenv(key, raising=False)
    assert demo.main() == 1
    assert "FAILED SQLite: " in capsys.readouterr().out


def test_holes_and_repeats() -> None:
    assert holes([5, 1, 2, 5]) == [3, 4]
    assert repeats([5, 1, 2, 5]) == [5]
    assert holes([]) == repeats([]) == []


def test_strip_marks_each_number() -> None:
    numbers = [n for n in range(1, 63) if n not in (2, 11, 51, 61)]
    assert list(strip(numbers, "#", ".")) == [
        "   1 #.######## .######### ########## ########## ##########",
        "  51 .######### .#",
    ]


def test_without_an_end_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    async def storm(*_: object, **__: object) -> Outcome:
        raise TimeoutError

    monkeypatch.setattr(demo, "storm", storm)
    console = Console(record=True)
    assert demo.show(console, "SQLite", "sqlite://", demo.COUNTER) is False
    assert "FAILED SQLite: no end within 14 s (on a busy machine, set" in console.export_text()


def test_application_is_served_on_loopback(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    database = {"DATABASE_URL": f"sqlite:///{tmp_path / 'invoices.db'}"}
    with subprocess.Popen(
        [sys.executable, "-m", "examples.invoices"],
        cwd=ROOT,
        env=os.environ | database | {"PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        page = get_when_up(url, server)
        server.send_signal(signal.SIGINT)
        said, _ = server.communicate(timeout=60)
    assert "<form>" in page
    assert said == f"Invoices: {url} on the database of DATABASE_URL (Ctrl-C ends it)\n"


def free_port() -> int:
    """A port that nobody is given by chance: below those that systems choose from."""
    while True:
        port = random.randrange(20_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def get_when_up(url: str, server: subprocess.Popen[str]) -> str:
    """Ask until there is an answer; the server's end, or a minute, are the limit."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return httpx.get(url, trust_env=False, timeout=60).text
        except httpx.ConnectError:
            if server.poll() is not None or time.monotonic() > deadline:
                server.kill()
                raise
            time.sleep(0.05)
