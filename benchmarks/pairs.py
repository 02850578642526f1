"""What is compared with what."""

from __future__ import annotations

from dataclasses import dataclass

MYSQLS = {"mariadb": "MariaDB", "mysql": "MySQL"}
"""The servers that speak MySQL's protocol, and what they are called."""


@dataclass(frozen=True)
class Pair:
    """Two figures, each by its chart, peer and number of clients; see `Ratio`."""

    what: str
    first: tuple[str, str, int]
    second: tuple[str, str, int]
    floor: float = 0
    p99_floor: float | None = None


def pairs(most: int, crowd: int, processes: int) -> list[Pair]:
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
        Pair(f"{most} clients : django-sequences, {most} threads", aseq, django, 4, 8),
        Pair(f"{most} clients : plain upsert by hand", aseq, upsert, 1.7, 4),
        Pair(f"{most} clients : 1 client", aseq, one, 1),
        Pair("1 client : the same SQL by hand, asyncpg", own, hand, 0.93),
        Pair("1 client : the same SQL by hand, SQLAlchemy", session, by_hand, 0.95),
        Pair("1 client, asyncpg: timeout=5 : none", ("own", "aseq_timeout", 1), own, 0.95),
        Pair("the same: Numbering.next : next_value", ("own", "numbering", 1), own, 0.9),
        Pair(
            "the same: allocate of 3 : 3 times next_value, the calls alone",
            ("own", "at_once", 1),
            ("own", "three_times", 1),
            2,
        ),
        Pair(
            "16 clients: ledger.issue : Numbering.next",
            ("ledger", "ledger", 16),
            numbering,
            0.8,
        ),
        Pair("the same, with keys", ("ledger", "ledger_keyed", 16), numbering, 0.5),
        Pair("SQLite, 8 tasks : aiosqlite by hand", lite, lite_hand, 0.9),
        Pair(f"draft, then issue : next_value, INSERT, {most} callers", drafted, plain, 3, 2),
        Pair(f"the same : django-sequences, {most} threads", drafted, django, 8),
        Pair(f"issue alone : next_value, INSERT, {most} callers", alone, plain, 10),
        Pair(f"issue alone, {crowd} callers : next_value, INSERT, {most}", pool, plain, 15),
        Pair(
            f"{crowd} callers in all, {processes} processes : 1",
            ("processes", "processes", processes),
            ("processes", "processes", 1),
            0.6,
        ),
        Pair(
            "1 caller: draft, then issue : next_value, INSERT",
            ("issue", "drafted", 1),
            ("issue", "plain", 1),
            0.4,
        ),
        Pair(
            "a hot tenant of 60 waiters: turn(limit=3) : none",
            ("turns", "crowd_turn", 60),
            ("turns", "crowd", 60),
            0.9,
        ),
        Pair(
            "other tenants beside it: turn(limit=3) : none",
            ("turns", "crowd_turn_others", 60),
            ("turns", "crowd_others", 60),
            1,
            10,
        ),
        Pair("number_rows : one by one", ("rows", "bulk", 1), ("rows", "by_one", 1), 50),
        Pair(
            f"SQLAlchemy engine : asyncpg pool, issue alone, {crowd} callers",
            ("issue", "engine", crowd),
            pool,
            0.85,
        ),
    ]


def pairs_on(server: str, most: int) -> list[Pair]:
    """What is compared on MariaDB or MySQL; it has no floor."""
    name = MYSQLS[server]
    aseq, django = (server, "aseq_asyncmy", most), (server, "django_pymysql", most)
    hand, session = (server, "hand_asyncmy", most), (server, "aseq_asyncmy_sqlalchemy", most)
    lock, issue = (server, "hand_asyncmy_sqlalchemy", most), f"{server}_issue"
    one, one_hand = (server, "aseq_asyncmy", 1), (server, "hand_asyncmy", 1)
    return [
        Pair(f"{name}, 1 client : LAST_INSERT_ID by hand", one, one_hand),
        Pair(f"{name}, {most} clients : LAST_INSERT_ID by hand", aseq, hand),
        Pair(f"the same : django-sequences, {most} threads", aseq, django),
        Pair("the same, SQLAlchemy : FOR UPDATE by hand", session, lock),
        Pair(f"{name}, {most} clients : 1 client", aseq, one),
        Pair(
            f"{name}: draft, then issue : next_value, INSERT, {most} callers",
            (issue, "drafted", most),
            (issue, "plain", most),
        ),
    ]
