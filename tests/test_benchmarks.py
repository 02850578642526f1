"""The benchmarks run, and count what they measured. How fast anything is, nobody asks here."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import calls, charts, imports, page
from benchmarks.cells import (
    AUDITED,
    CROWDS,
    DJANGO_MYSQLDB,
    EVERY_PEER,
    ISSUE,
    ISSUE_ON_MARIADB,
    PROCESSES,
    ROWS,
    groups,
)
from benchmarks.counting import Count
from benchmarks.pairs import MYSQLS
from benchmarks.results import Results
from benchmarks.settings import QUICK, databases
from benchmarks.table import tables
from benchmarks.turns import OTHERS

ROOT = Path(__file__).parent.parent


@pytest.mark.usefixtures("mariadb")
def test_a_very_short_run(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--seconds=0.02"]
    done = subprocess.run(
        [*command, f"--json={file}"], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = Results.from_json(file.read_text(encoding="utf-8"))
    assert_every_cell_is_measured_and_counted(results)
    assert_the_time_of_calls_and_imports_is_taken(results)
    assert Results.from_json(results.to_json()) == results


def assert_every_cell_is_measured_and_counted(results: Results) -> None:
    wanted: list[tuple[str, str, int]] = [
        (group.chart, peer.id, group.clients) for group in groups(QUICK) for peer in group.peers
    ]
    wanted += [("issue", peer.id, n) for n in QUICK.callers for peer in ISSUE]
    wanted += [("processes", PROCESSES.id, n) for n in (1, QUICK.processes)]
    wanted += [("rows", peer.id, 1) for peer in ROWS]
    wanted += [("audit", peer.id, 1) for peer in AUDITED]
    wanted += [("turns", peer.id, 60) for pair in CROWDS for peer in pair]
    wanted += [("mariadb_issue", peer.id, n) for n in QUICK.few for peer in ISSUE_ON_MARIADB]
    assert [(f.chart, f.peer, f.clients) for f in results.figures] == wanted
    for figure in results.figures:
        wanted_rows = figure.transactions * EVERY_PEER[figure.peer].numbers
        clients = OTHERS if figure.peer.endswith("_others") else figure.clients
        assert figure.rows == wanted_rows >= clients, figure
        assert not figure.void, figure
    assert len(results.ratios) == (32 if "mysql" in databases() else 27)
    assert [*results.servers] == [each for each in databases() if each in MYSQLS]


def assert_the_time_of_calls_and_imports_is_taken(results: Results) -> None:
    assert [call.driver for call in results.calls] == [each.label for each in calls.DRIVERS]
    assert all(call.aseq > 0 < call.by_hand for call in results.calls)
    assert [each.module for each in results.imports] == list(imports.MODULES)
    assert all(each.own > 0 < each.total for each in results.imports)
    text = tables(results)
    assert all(f"| {call.driver} |" in text for call in results.calls)
    assert all(f"| `{each.module}` |" in text for each in results.imports)


@pytest.mark.parametrize(
    ("found", "gapless"),
    [
        (Count(3, 3, 1, 3), True),
        (Count(3, 3, 1, 4), False),
        (Count(3, 2, 1, 3), False),
        (Count(3, 3, 2, 4), False),
    ],
)
def test_a_hole_is_seen(found: Count, gapless: bool) -> None:
    assert found.gapless is gapless


def test_a_run_on_one_server_leaves_the_rest_as_it_is() -> None:
    published = _published()
    some = [replace(f, rows=1) for f in published.figures if f.chart == "mariadb"]
    updated = published.updated(Results(some, [], [], {"mariadb": "12"}))
    assert [f for f in updated.figures if f.chart == "mariadb"] == some
    assert len(updated.figures) == len(published.figures)
    assert updated.calls == published.calls
    assert updated.imports == published.imports
    assert updated.servers == {**published.servers, "mariadb": "12"}


def _published() -> Results:
    file = ROOT / "benchmarks" / "results.json"
    return Results.from_json(file.read_text(encoding="utf-8"))


def test_the_page_and_the_pictures_are_of_the_published_figures() -> None:
    published = _published()
    # mysqlclient has to be compiled, and nobody needs it in order to publish.
    assert {figure.peer for figure in published.figures} >= {*EVERY_PEER} - {DJANGO_MYSQLDB.id}
    assert published.void == []
    text = (ROOT / "docs" / "reference" / "measurements.md").read_text(encoding="utf-8")
    assert f"{page.START}\n\n{tables(published)}\n\n{page.END}" in text
    text = (ROOT / "docs" / "explanation" / "cost.md").read_text(encoding="utf-8")
    for name, title in charts.CHARTS.values():
        svg = (ROOT / "docs" / "img" / f"{name}.svg").read_text(encoding="utf-8")
        assert f"<title>{title}</title>" in svg
        assert f"(../img/{name}.svg)" in text


def test_the_charts_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    files = charts.draw(_published().figures, tmp_path)
    assert [file.stem for file in files] == [
        "cost-short",
        "cost-long",
        "cost-mariadb",
        "cost-issue",
    ]
    for file in files:
        svg = file.read_text(encoding="utf-8")
        assert svg.count("<title>") == 1
        assert any(f"{each}</text>" in svg for each in ("asyncpg", "asyncmy", "issue"))
