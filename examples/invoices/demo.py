"""``python -m examples.invoices.demo``: 200 orders at once, and not a number lost.

Runs the application of this folder in this process, first on a file of SQLite, then on
a PostgreSQL of its own. Exits with 1 if there is a gap or a duplicate, if what people
use instead has *no* hole (the storm was too weak), or if PostgreSQL is required (by
``--require-postgres`` or CI=true) and can't be run.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from devtools.postgres import postgres_dsn

from .picture import draw, save
from .settings import Settings
from .storm import ORDERS, Outcome, storm
from .verdict import complaints

LIMIT = float(os.environ.get("ASEQ_DEMO_LIMIT", "14"))
"""Seconds for a storm, and for each order. It takes one or two; a busy machine, more."""

INTRODUCTION = f"""\
{ORDERS} orders at once; a third is refused after it took an invoice number.
Below the invoice numbers is what people use instead, for the same invoices.
(Not SQLite's AUTOINCREMENT: a rollback takes it back, so it has no holes.)
"""

# What people use instead.
COUNTER = "a counter in its own transaction"
IDENTITY = "the identity column"


def main() -> int:
    """Run the demo; 0 if every promise was kept."""
    parser = argparse.ArgumentParser(prog="demo", description="Numbers without holes.")
    parser.add_argument("--require-postgres", action="store_true")
    parser.add_argument("--svg", type=Path, help="a file for a picture of the last storm")
    args = parser.parse_args()
    required = args.require_postgres or os.environ.get("CI") == "true"
    console = Console(highlight=False)
    console.print(INTRODUCTION)
    kept = [on_sqlite(console), on_postgresql(console, args.svg)]
    if False in kept or (required and None in kept):
        console.print("[bold red]FAILED[/]")
        return 1
    where = "SQLite; PostgreSQL wasn't tried" if None in kept else "SQLite and PostgreSQL"
    console.print(f"[bold green]OK[/] on {where}.")
    return 0


def on_sqlite(console: Console) -> bool:
    """The storm on a file of SQLite."""
    with tempfile.TemporaryDirectory(prefix="aseq-demo-") as folder:
        return show(console, "SQLite", f"sqlite:///{Path(folder, 'invoices.db')}", COUNTER)


def on_postgresql(console: Console, svg: Path | None = None) -> bool | None:
    """The storm on a PostgreSQL that lives as long as it; None if there can be none."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(postgres_dsn())
        except RuntimeError as error:
            console.rule("PostgreSQL", align="left")
            console.print(f"Not tried: {escape(str(error))}\n")
            return None
        return show(console, "PostgreSQL", url, IDENTITY, svg)


def show(
    console: Console, database: str, url: str, rival: str, svg: Path | None = None
) -> bool:
    """Run a storm, show what came of it, and say whether every promise was kept."""
    console.rule(database, align="left")
    console.print(f"Sending {ORDERS} orders ...")
    started = time.monotonic()
    try:
        outcome = asyncio.run(run(console, url))
    except TimeoutError:
        more = "on a busy machine, set ASEQ_DEMO_LIMIT to more"
        return tell(console, database, [f"no end within {LIMIT:g} s ({more})"])
    seconds = time.monotonic() - started
    issued, refused = outcome.statuses[201], outcome.statuses[409]
    console.print(f"{issued} invoices issued, {refused} orders refused, in {seconds:.1f} s\n")
    draw(console, outcome, rival)
    if svg:
        save(svg, outcome, rival)
    return tell(console, database, complaints(outcome))


def tell(console: Console, database: str, wrong: list[str]) -> bool:
    """The verdict on one database; whether it's a good one."""
    for complaint in wrong:
        console.print(f"[bold red]FAILED[/] {database}: {escape(complaint)}")
    if not wrong:
        console.print(f"[bold green]OK[/] {database}: every number once, and none is missing.")
    console.print()
    return not wrong


async def run(console: Console, url: str) -> Outcome:
    """The storm, with a bar that shows how far it is."""
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("orders", total=ORDERS)
        async with asyncio.timeout(LIMIT):
            return await storm(Settings(url, LIMIT), lambda: progress.advance(bar))


if __name__ == "__main__":
    sys.exit(main())
