"""Figures: what a peer's turns come to, and the ratios between peers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from .cells import Peer
from .counting import Count
from .load import Turn
from .pairs import MYSQLS, pairs, pairs_on


@dataclass(frozen=True)
class Figure:
    """One peer with one number of clients.

    Attributes:
        chart: what it belongs to (see `Group`).
        peer: its id.
        clients: how many at once.
        per_second: transactions, the median of the rounds.
        p50: milliseconds of a transaction, of all rounds.
        p99: the same for the slowest in a hundred.
        transactions: how many were committed.
        rows: how many rows were found.
        void: the numbers on them have a hole or a repeat, or a row is missing.
    """

    chart: str
    peer: str
    clients: int
    per_second: float
    p50: float
    p99: float
    transactions: int
    rows: int
    void: bool


def summed_up(
    chart: str, clients: int, peer: Peer, turns: Sequence[Turn], found: Count, before: int
) -> Figure:
    """The figure of a peer, from its turns and from what it wrote."""
    took = sorted(seconds for turn in turns for seconds in turn.transactions)
    rows = found.rows - before
    return Figure(
        chart=chart,
        peer=peer.id,
        clients=clients,
        per_second=round(median(turn.per_second for turn in turns), 1),
        p50=round(took[len(took) // 2] * 1e3, 3),
        p99=round(took[int(len(took) * 0.99)] * 1e3, 3),
        transactions=len(took),
        rows=rows,
        void=rows != len(took) * peer.numbers or (peer.gapless and not found.gapless),
    )


@dataclass(frozen=True)
class Ratio:
    """How much more one peer gets done than another, and how much longer the other's p99 is.

    Attributes:
        what: both, in words.
        throughput: of the first, in parts of the second's.
        p99: of the second, in parts of the first's.
        floor: the throughput that it should have at least; 0 if nothing is asked for.
        p99_floor: the same for p99, if there is one.
    """

    what: str
    throughput: float
    p99: float
    floor: float
    p99_floor: float | None = None


def ratios(figures: Sequence[Figure]) -> list[Ratio]:
    """The ratios of what was measured."""
    found = {(figure.chart, figure.peer, figure.clients): figure for figure in figures}
    counts = {f.clients for f in figures if f.chart in ("short", *MYSQLS) and f.clients <= 64}
    most = max(counts, default=1)
    crowd = max((f.clients for f in figures if f.chart == "issue"), default=1)
    processes = max((f.clients for f in figures if f.chart == "processes"), default=1)
    wanted = pairs(most, crowd, processes)
    for server in MYSQLS:
        wanted += pairs_on(server, most)
    return [
        Ratio(
            what=pair.what,
            throughput=round(found[pair.first].per_second / found[pair.second].per_second, 2),
            p99=round(found[pair.second].p99 / found[pair.first].p99, 2),
            floor=pair.floor,
            p99_floor=pair.p99_floor,
        )
        for pair in wanted
        if pair.first in found and pair.second in found
    ]
