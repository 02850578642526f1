"""The figures as tables, in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from .calls import Call
from .cells import EVERY_PEER
from .figures import Figure, Ratio
from .imports import Import
from .pairs import MYSQLS
from .results import Results

_TITLES = {
    "own": "PostgreSQL, one client: aseq, and its own SQL by hand",
    "ledger": "PostgreSQL, document numbers, and a ledger of them",
    "short": "PostgreSQL, short transactions",
    "long": "PostgreSQL, long transactions",
    "sqlite": "SQLite",
    "mariadb": "MariaDB",
    "mysql": "MySQL",
    "mariadb_issue": "MariaDB, an issuer on a SQLAlchemy engine",
    "issue": "PostgreSQL, an issuer",
    "processes": "PostgreSQL, issuers in several processes, 512 callers in all",
    "rows": "PostgreSQL, 100,000 drafts",
    "audit": "PostgreSQL, an audit of 1,000,000 rows",
    "turns": "PostgreSQL, a hot tenant and others behind 20 connections",
}
_UNITS = {"issue": "numbers", "mariadb_issue": "numbers", "processes": "numbers"}
_UNITS |= {"rows": "rows", "audit": "rows"}
_COLUMNS = {"issue": "caller", "mariadb_issue": "caller", "processes": "process"}
_COLUMNS |= {"turns": "waiter"}


def tables(results: Results, *, floors: bool = False) -> str:
    """All figures, then the ratios, then what aseq itself costs.

    Args:
        results: of a run.
        floors: say what the ratios should be at least.
    """
    figures = results.figures
    charts = {figure.chart for figure in figures}
    parts = [
        _table(chart, [f for f in figures if f.chart == chart])
        for chart in _TITLES
        if chart in charts
    ]
    parts.append(_ratios(results.ratios, floors=floors))
    if results.calls:
        parts.append(_calls(results.calls))
    if results.imports:
        parts.append(_imports(results.imports))
    if results.servers:
        told = ", ".join(f"{MYSQLS[name]} {told}" for name, told in results.servers.items())
        parts.append(f"**Servers**: {told}")
    return "\n\n".join(parts)


def _table(chart: str, figures: Sequence[Figure]) -> str:
    counts = sorted({figure.clients for figure in figures})
    cells = {(figure.peer, figure.clients): _cell(figure) for figure in figures}
    rows = [
        [EVERY_PEER[peer].label, *(cells[peer, clients] for clients in counts)]
        for peer in dict.fromkeys(figure.peer for figure in figures)
    ]
    what = _COLUMNS.get(chart, "client")
    heads = [f"1 {what}" if number == 1 else f"{number} {_plural(what)}" for number in counts]
    head = f"**{_TITLES[chart]}**: {_UNITS.get(chart, 'transactions')} per second"
    return f"{head} · p99 of one in ms\n\n{_markdown(['', *heads], rows)}"


def _plural(what: str) -> str:
    return f"{what}es" if what.endswith("s") else f"{what}s"


def _cell(figure: Figure) -> str:
    if figure.void:
        return "void"
    return f"{figure.per_second:,.0f} · {figure.p99:,.{0 if figure.p99 >= 10 else 1}f}"


def _ratios(ratios: Sequence[Ratio], *, floors: bool) -> str:
    rows = [
        [
            ratio.what,
            _times(ratio.throughput) + _floor(ratio.floor, told=floors),
            _times(ratio.p99) + _floor(ratio.p99_floor, told=floors),
        ]
        for ratio in ratios
    ]
    head = ["aseq : the other", "throughput, times", "p99, times shorter"]
    return f"**Ratios**\n\n{_markdown(head, rows)}"


def _floor(floor: float | None, *, told: bool) -> str:
    return f" (floor {floor:g})" if told and floor else ""


def _times(ratio: float) -> str:
    """A ratio, which may be far below 1."""
    return f"{ratio:.{1 if ratio >= 2 else 2}f}"


def _calls(calls: Sequence[Call]) -> str:
    rows = [
        [call.driver, f"{call.aseq:.0f}", f"{call.by_hand:.0f}", f"{call.own:.0f}"]
        for call in calls
    ]
    head = ["one number on", "aseq", "the same SQL by hand", "aseq's own"]
    return f"**CPU time of a call**, in microseconds\n\n{_markdown(head, rows)}"


def _imports(imports: Sequence[Import]) -> str:
    rows = [[f"`{each.module}`", f"{each.own:.1f}", f"{each.total:.0f}"] for each in imports]
    head = ["import", "its own", "with its libraries, in a new process"]
    return f"**Imports**, in milliseconds\n\n{_markdown(head, rows)}"


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
