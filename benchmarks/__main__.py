"""``python -m benchmarks``: about five minutes, on an otherwise quiet machine.

Writes `benchmarks/results.json`, the charts, and the tables of the page "What it costs".
With ``--quick`` less is measured, and only printed. Exits with 1 if a figure is void.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

from . import charts, page, places, threads
from .cells import groups
from .figures import Figure, Ratio, ratios
from .run import measure
from .settings import QUICK, Settings
from .table import tables

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Measure everything; 0 if every figure counts."""
    options = _options()
    settings = QUICK if options.quick else Settings()
    if options.seconds:
        settings = replace(settings, seconds=options.seconds)
    console = Console()
    figures = _measure(settings, console)
    found = ratios(figures)
    console.print(Markdown(tables(figures, found)))
    if not options.quick:
        _publish(figures, found, console)
    if options.json:
        options.json.write_text(_json(figures, found), encoding="utf-8")
    void = [f"{f.peer}, {f.clients} clients" for f in figures if f.void]
    if void:
        console.print("[bold red]VOID[/]:", "; ".join(void))
    return 1 if void else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description="aseq beside its peers.")
    parser.add_argument("--quick", action="store_true", help="less, and write nothing")
    parser.add_argument("--seconds", type=float, help="the length of a turn")
    parser.add_argument("--json", type=Path, help="write the results to this file too")
    return parser.parse_args()


def _measure(settings: Settings, console: Console) -> list[Figure]:
    todo = groups(settings)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        places.postgresql(settings.connections) as postgresql,
        places.sqlite() as sqlite,
        Progress(*columns, console=console) as progress,
    ):
        threads.set_up(postgresql)
        bar = progress.add_task(
            "", total=sum(len(g.peers) * g.slices for g in todo) * settings.rounds
        )
        figures: list[Figure] = []
        for group in todo:
            progress.update(bar, description=f"{group.chart}, {group.clients} clients")
            url = postgresql if group.database == "postgresql" else sqlite
            done: Callable[[], None] = lambda: progress.advance(bar)  # noqa: E731
            figures += asyncio.run(measure(group, url, settings, done))
        return figures


def _publish(figures: Sequence[Figure], found: Sequence[Ratio], console: Console) -> None:
    """Write what is kept in the repository."""
    results = ROOT / "benchmarks" / "results.json"
    results.write_text(_json(figures, found), encoding="utf-8")
    page.put(ROOT / "docs" / "explanation" / "cost.md", tables(figures, found))
    try:
        charts.draw(figures, ROOT / "docs" / "img")
    except ModuleNotFoundError:
        console.print("No charts were drawn: they need matplotlib (the group `bench`).")


def _json(figures: Sequence[Figure], found: Sequence[Ratio]) -> str:
    machine = {"cpus": os.cpu_count(), "python": platform.python_version()}
    content = {
        "machine": machine,
        "figures": [asdict(figure) for figure in figures],
        "ratios": [asdict(ratio) for ratio in found],
    }
    return json.dumps(content, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main())
