"""``python -m benchmarks``: about eight minutes, on an otherwise quiet machine.

Writes `benchmarks/results.json`, the charts, and the tables of the page "Measurements".
With ``--quick`` less is measured, and only printed. Exits with 1 if a figure is void.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

from . import (
    audits,
    calls,
    charts,
    imports,
    issuing,
    page,
    places,
    processes,
    rows,
    run,
    threads,
)
from . import (
    turns as in_turns,
)
from .cells import AUDITED, ISSUE, ROWS, groups
from .figures import Figure
from .results import Results
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
    results = _measure(settings, console)
    console.print(Markdown(tables(results, floors=True)))
    if not options.quick:
        _publish(results, console)
    if options.json:
        options.json.write_text(results.to_json(), encoding="utf-8")
    if results.void:
        console.print("[bold red]VOID[/]:", "; ".join(results.void))
    return 1 if results.void else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description="aseq beside its peers.")
    parser.add_argument("--quick", action="store_true", help="less, and write nothing")
    parser.add_argument("--seconds", type=float, help="the length of a turn")
    parser.add_argument("--json", type=Path, help="write the results to this file too")
    return parser.parse_args()


def _measure(settings: Settings, console: Console) -> Results:
    todo = groups(settings)
    turns = sum(len(group.peers) * group.slices for group in todo) * settings.rounds
    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        places.postgresql(settings.connections) as postgresql,
        places.sqlite() as sqlite,
        Progress(*columns, console=console) as progress,
    ):
        threads.set_up(postgresql)
        turns += settings.rounds * (len(settings.callers) * len(ISSUE) + 4) + len(
            (*ROWS, *AUDITED)
        )
        bar = progress.add_task("", total=turns + len(calls.DRIVERS) + len(imports.MODULES))
        done: Callable[[], None] = lambda: progress.advance(bar)  # noqa: E731
        figures: list[Figure] = []
        for group in todo:
            progress.update(bar, description=f"{group.chart}, {group.clients} clients")
            url = postgresql if group.database == "postgresql" else sqlite
            figures += asyncio.run(run.measure(group, url, settings, done))
        for what in (issuing, processes, rows, audits, in_turns):
            progress.update(bar, description=what.__name__.rpartition(".")[2])
            figures += asyncio.run(what.measure(postgresql, settings, done))
        progress.update(bar, description="CPU time")
        spent = asyncio.run(
            calls.measure(postgresql, sqlite, settings.rounds, settings.draws, done)
        )
        progress.update(bar, description="imports")
        return Results(figures, spent, imports.measure(settings.imports, done))


def _publish(results: Results, console: Console) -> None:
    """Write what is kept in the repository."""
    file = ROOT / "benchmarks" / "results.json"
    file.write_text(results.to_json(), encoding="utf-8")
    page.put(ROOT / "docs" / "reference" / "measurements.md", tables(results))
    try:
        charts.draw(results.figures, ROOT / "docs" / "img")
    except ModuleNotFoundError:
        console.print("No charts were drawn: they need matplotlib (the group `bench`).")


if __name__ == "__main__":
    sys.exit(main())
