"""Figures: what a peer's turns come to, and the ratios between peers that have a floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from .cells import Peer
from .counting import Count
from .load import Turn


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
        floor: the throughput that it should have at least.
        p99_floor: the same for p99, if there is one.
    """

    what: str
    throughput: float
    p99: float
    floor: float
    p99_floor: float | None = None


@dataclass(frozen=True)
class _Pair:
    what: str
    first: tuple[str, str, int]
    second: tuple[str, str, int]
    floor: float
    p99_floor: float | None = None


def _pairs(most: int, crowd: int, processes: int) -> list[_Pair]:
    """What has a floor; in a quick run, fewer clients and callers stand for 64 and 512."""
    aseq = ("short", "aseq_asyncpg", most)
    django, upsert = ("short", "django_sequences", most), ("short", "upsert", most)
    own, hand = ("own", "aseq_asyncpg", 1), ("own", "queued_asyncpg", 1)
    session, by_hand = ("own", "aseq_sqlalchemy", 1), ("own", "queued_sqlalchemy", 1)
    lite, lite_hand = ("sqlite", "aseq_aiosqlite", 8), ("sqlite", "hand_aiosqlite", 8)
    one = ("short", "aseq_asyncpg", 1)
    plain, drafted = ("issue", "plain", most), ("issue", "drafted", most)
    numbering = ("ledger", "numbering", 16)
    alone, pool = ("issue", "alone", most), ("issue", "alone", crowd)
    return [
        _Pair(f"{most} clients : django-sequences, {most} threads", aseq, django, 4, 8),
        _Pair(f"{most} clients : plain upsert by hand", aseq, upsert, 1.7, 4),
        _Pair(f"{most} clients : 1 client", aseq, one, 1),
        _Pair("1 client : the same SQL by hand, asyncpg", own, hand, 0.93),
        _Pair("1 client : the same SQL by hand, SQLAlchemy", session, by_hand, 0.95),
        _Pair("1 client, asyncpg: timeout=5 : none", ("own", "aseq_timeout", 1), own, 0.95),
        _Pair("the same: Numbering.next : next_value", ("own", "numbering", 1), own, 0.9),
        _Pair(
            "the same: allocate of 3 : 3 times next_value, the calls alone",
            ("own", "at_once", 1),
            ("own", "three_times", 1),
            2,
        ),
        _Pair(
            "16 clients: ledger.issue : Numbering.next",
            ("ledger", "ledger", 16),
            numbering,
            0.8,
        ),
        _Pair("the same, with keys", ("ledger", "ledger_keyed", 16), numbering, 0.5),
        _Pair("SQLite, 8 tasks : aiosqlite by hand", lite, lite_hand, 0.9),
        _Pair(f"draft, then issue : next_value, INSERT, {most} callers", drafted, plain, 3, 2),
        _Pair(f"the same : django-sequences, {most} threads", drafted, django, 8),
        _Pair(f"issue alone : next_value, INSERT, {most} callers", alone, plain, 10),
        _Pair(f"issue alone, {crowd} callers : next_value, INSERT, {most}", pool, plain, 15),
        _Pair(
            f"{crowd} callers in all, {processes} processes : 1",
            ("processes", "processes", processes),
            ("processes", "processes", 1),
            0.6,
        ),
        _Pair(
            "1 caller: draft, then issue : next_value, INSERT",
            ("issue", "drafted", 1),
            ("issue", "plain", 1),
            0.4,
        ),
        _Pair(
            "a hot tenant of 60 waiters: turn(limit=3) : none",
            ("turns", "crowd_turn", 60),
            ("turns", "crowd", 60),
            0.9,
        ),
        _Pair(
            "other tenants beside it: turn(limit=3) : none",
            ("turns", "crowd_turn_others", 60),
            ("turns", "crowd_others", 60),
            1,
            10,
        ),
        _Pair("number_rows : one by one", ("rows", "bulk", 1), ("rows", "by_one", 1), 50),
        _Pair(
            f"SQLAlchemy engine : asyncpg pool, issue alone, {crowd} callers",
            ("issue", "engine", crowd),
            pool,
            0.85,
        ),
    ]


def ratios(figures: Sequence[Figure]) -> list[Ratio]:
    """The ratios that have a floor."""
    found = {(figure.chart, figure.peer, figure.clients): figure for figure in figures}
    counts = {figure.clients for figure in figures if figure.chart == "short"}
    most = 64 if 64 in counts else max(counts)
    crowd = max(figure.clients for figure in figures if figure.chart == "issue")
    processes = max(figure.clients for figure in figures if figure.chart == "processes")
    return [
        Ratio(
            what=pair.what,
            throughput=round(found[pair.first].per_second / found[pair.second].per_second, 2),
            p99=round(found[pair.second].p99 / found[pair.first].p99, 2),
            floor=pair.floor,
            p99_floor=pair.p99_floor,
        )
        for pair in _pairs(most, crowd, processes)
    ]
