"""``python -m benchmarks``: about twelve minutes, on an otherwise quiet machine.

Writes `benchmarks/results.json`, the charts, and the tables of the page "Measurements".
With ``--quick`` less is measured, and only printed. With ``--on mariadb mysql`` only what runs
on these is measured; all else stays as it is. Exits with 1 if a figure is void.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.markdown import Markdown
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

from . import (
    audits,
    calls,
    charts,
    imports,
    issuing,
    issuing_mariadb,
    page,
    places,
    processes,
    rows,
    run,
    threads,
    turns,
)
from .cells import AUDITED, ISSUE, ISSUE_ON_MARIADB, ROWS, groups
from .counting import version
from .figures import Figure
from .pairs import MYSQLS
from .results import Results
from .settings import QUICK, Database, Settings, databases
from .table import tables

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Measure everything; 0 if every figure counts."""
    options = _options()
    settings = QUICK if options.quick else Settings()
    if options.seconds:
        settings = replace(settings, seconds=options.seconds)
    console = Console()
    results = _measure(settings, console, options.on)
    console.print(Markdown(tables(results, floors=True)))
    if not options.quick:
        _publish(results, console, whole=options.on == databases())
    if options.json:
        options.json.write_text(results.to_json(), encoding="utf-8")
    if results.void:
        console.print("[bold red]VOID[/]:", "; ".join(results.void))
    return 1 if results.void else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description="aseq beside its peers.")
    parser.add_argument("--quick", action="store_true", help="less, and write nothing")
    parser.add_argument("--seconds", type=float, help="the length of a turn")
    parser.add_argument(
        "--on", nargs="+", choices=databases(), default=databases(), help="not on the others"
    )
    parser.add_argument("--json", type=Path, help="write the results to this file too")
    return parser.parse_args()


def _measure(settings: Settings, console: Console, on: Sequence[Database]) -> Results:
    todo = [group for group in groups(settings) if group.database in on]
    more = [each for each in _more(settings) if each.database in on]
    whole = {"postgresql", "sqlite"} <= {*on}
    steps = sum(len(group.peers) * group.slices for group in todo) * settings.rounds
    steps += sum(each.steps for each in more)
    if whole:
        steps += len(calls.DRIVERS) + len(imports.MODULES)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        places.opened(on, settings.connections) as urls,
        Progress(*columns, console=console) as progress,
    ):
        threads.set_up({name: url for name, url in urls.items() if name != "sqlite"})
        bar = progress.add_task("", total=steps)
        done: Callable[[], None] = lambda: progress.advance(bar)  # noqa: E731
        figures: list[Figure] = []
        for group in todo:
            progress.update(bar, description=f"{group.chart}, {group.clients} clients")
            url = urls[group.database]
            figures += asyncio.run(run.measure(group, url, settings, done))
        for each in more:
            progress.update(bar, description=each.what.__name__.rpartition(".")[2])
            url = urls[each.database]
            figures += asyncio.run(each.what.measure(url, settings, done))
        servers: dict[str, str]
        servers = {name: version(url) for name, url in urls.items() if name in MYSQLS}
        if not whole:
            return Results(figures, [], [], servers)
        progress.update(bar, description="CPU time")
        spent = asyncio.run(
            calls.measure(
                *(urls["postgresql"], urls["sqlite"], settings.rounds, settings.draws, done)
            )
        )
        progress.update(bar, description="imports")
        return Results(figures, spent, imports.measure(settings.imports, done), servers)


class _Other(NamedTuple):
    """What isn't a group of peers: a module with a `measure`, and how many steps it takes."""

    what: Any
    database: Database
    steps: int


def _more(settings: Settings) -> list[_Other]:
    rounds = settings.rounds
    return [
        _Other(issuing, "postgresql", rounds * len(settings.callers) * len(ISSUE)),
        _Other(processes, "postgresql", rounds * 2),
        _Other(rows, "postgresql", len(ROWS)),
        _Other(audits, "postgresql", len(AUDITED)),
        _Other(turns, "postgresql", rounds * 2),
        _Other(issuing_mariadb, "mariadb", rounds * len(settings.few) * len(ISSUE_ON_MARIADB)),
    ]


def _publish(results: Results, console: Console, *, whole: bool) -> None:
    """Write what is kept in the repository."""
    file = ROOT / "benchmarks" / "results.json"
    if not whole:
        results = Results.from_json(file.read_text(encoding="utf-8")).updated(results)
    file.write_text(results.to_json(), encoding="utf-8")
    page.put(ROOT / "docs" / "reference" / "measurements.md", tables(results))
    try:
        charts.draw(results.figures, ROOT / "docs" / "img")
    except ModuleNotFoundError:
        console.print("No charts were drawn: they need matplotlib (the group `bench`).")


if __name__ == "__main__":
    sys.exit(main())
