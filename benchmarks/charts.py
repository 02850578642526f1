"""Charts of throughput and p99 against the number of clients, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .cells import EVERY_PEER
from .figures import Figure

CHARTS = {
    "short": ("cost-short", "Short transactions on one hot sequence, PostgreSQL"),
    "long": ("cost-long", "Long transactions on one hot sequence, PostgreSQL"),
    "mariadb": ("cost-mariadb", "Short transactions on one hot sequence, MariaDB"),
    "issue": ("cost-issue", "Drafts first, numbers later, on one hot sequence, PostgreSQL"),
}
_MARKS = "osD^vPX"


def draw(figures: Sequence[Figure], folder: Path) -> list[Path]:
    """Draw the charts.

    Raises:
        ModuleNotFoundError: matplotlib isn't installed.
    """
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.fonttype"] = "none"  # text stays text
    mpl.rcParams["svg.hashsalt"] = "aseq"  # the same picture, the same file
    mpl.rcParams["font.family"] = "sans-serif"
    return [
        _chart([f for f in figures if f.chart == chart], title, folder / f"{name}.svg")
        for chart, (name, title) in CHARTS.items()
    ]


def _chart(figures: Sequence[Figure], title: str, file: Path) -> Path:
    from matplotlib.figure import Figure as Picture

    picture = Picture(figsize=(9, 4.6), layout="constrained")
    throughput, slowest = picture.subplots(1, 2)
    for mark, peer in zip(_MARKS, dict.fromkeys(f.peer for f in figures), strict=False):
        own = [figure for figure in figures if figure.peer == peer and not figure.void]
        clients = [figure.clients for figure in own]
        style: dict[str, Any] = {"marker": mark, "label": EVERY_PEER[peer].label}
        throughput.plot(clients, [figure.per_second for figure in own], **style)
        slowest.plot(clients, [figure.p99 for figure in own], **style)
    throughput.set_ylabel("transactions per second")
    slowest.set_ylabel("p99 of a transaction, ms")
    slowest.set_yscale("log")
    throughput.set_yscale("log")
    ticks = sorted({figure.clients for figure in figures})
    for axes in (throughput, slowest):
        axes.set_xscale("log", base=2)
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.set_xlabel("at once")
        axes.grid(alpha=0.3, which="both")
        axes.yaxis.set_major_formatter(_number)
        axes.yaxis.set_minor_formatter(_number)
    handles, labels = throughput.get_legend_handles_labels()
    picture.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    picture.savefig(file, format="svg", metadata={"Title": title, "Date": None})
    _tidy(file)
    return file


def _number(value: float, _: int | None) -> str:
    """As people write it: 1, 2, 5, 10 and so on; the lines between have no number."""
    text = f"{value:,g}"
    return text if text[0] in "125" else ""


def _tidy(file: Path) -> None:
    """Say that it is one picture (its <title> is there), and leave out what nobody reads."""
    svg = file.read_text(encoding="utf-8")
    svg = svg[svg.index("<svg") :].replace("<svg", '<svg role="img"', 1)
    head, _, rest = svg.partition("<metadata>")
    svg = head + rest.partition("</metadata>")[2] if rest else svg
    lines = (line.rstrip() for line in svg.splitlines())
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
