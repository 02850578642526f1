"""The benchmarks run, and count what they measured. How fast anything is, nobody asks here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import charts, page
from benchmarks.cells import EVERY_PEER, groups
from benchmarks.counting import Count
from benchmarks.figures import Figure, ratios
from benchmarks.settings import QUICK
from benchmarks.table import tables

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a very short run writes."""
    file = tmp_path_factory.mktemp("bench") / "results.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--seconds=0.02"]
    done = subprocess.run(
        [*command, f"--json={file}"], cwd=ROOT, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stdout + done.stderr
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def test_every_cell_is_measured_and_counted(results: dict[str, Any]) -> None:
    figures = [Figure(**figure) for figure in results["figures"]]
    wanted = [
        (group.chart, peer.id, group.clients) for group in groups(QUICK) for peer in group.peers
    ]
    assert [(f.chart, f.peer, f.clients) for f in figures] == wanted
    for figure in figures:
        assert figure.transactions == figure.rows >= figure.clients, figure
        assert not figure.void, figure
    assert len(results["ratios"]) == len(ratios(figures)) == 6


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


def _published() -> list[Figure]:
    text = (ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8")
    return [Figure(**figure) for figure in json.loads(text)["figures"]]


def test_the_page_and_the_pictures_are_of_the_published_figures() -> None:
    figures = _published()
    assert {figure.peer for figure in figures} == set(EVERY_PEER)
    assert not any(figure.void for figure in figures)
    text = (ROOT / "docs" / "explanation" / "cost.md").read_text(encoding="utf-8")
    assert f"{page.START}\n\n{tables(figures, ratios(figures))}\n\n{page.END}" in text
    for name, title in charts.CHARTS.values():
        svg = (ROOT / "docs" / "img" / f"{name}.svg").read_text(encoding="utf-8")
        assert f"<title>{title}</title>" in svg
        assert f"(../img/{name}.svg)" in text


def test_the_charts_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    files = charts.draw(_published(), tmp_path)
    assert [file.stem for file in files] == ["cost-short", "cost-long"]
    for file in files:
        svg = file.read_text(encoding="utf-8")
        assert svg.count("<title>") == 1
        assert "aseq, asyncpg" in svg
