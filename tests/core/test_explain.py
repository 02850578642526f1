"""Which of our errors a driver's error stands for: the codes of each dialect."""

from __future__ import annotations

import sqlite3

import pytest

from aseq import AseqError, SequenceLocked, SequenceTableMissing
from aseq._core.dialects import POSTGRESQL, SQLITE, Dialect


class PostgresError(Exception):
    """As PostgreSQL's drivers raise them."""

    def __init__(self, sqlstate: str, text: str = "") -> None:
        super().__init__(text)
        self.sqlstate = sqlstate


def sqlite_error(text: str, number: int) -> sqlite3.OperationalError:
    """As Python's sqlite3 raises them."""
    exc = sqlite3.OperationalError(text)
    exc.sqlite_errorcode = number
    return exc


def chained(exc: Exception) -> Exception:
    """An ORM's error around a driver's."""
    outer = RuntimeError("orm")
    outer.__cause__ = exc
    return outer


RELATION = 'relation "aseq_sequence" does not exist'
MISSING = "no such table: aseq_sequence"

EXPLAINED: list[tuple[Dialect, Exception, type[AseqError] | None]] = [
    (POSTGRESQL, PostgresError("55P03"), SequenceLocked),
    (POSTGRESQL, PostgresError("42P01", RELATION), SequenceTableMissing),
    (POSTGRESQL, PostgresError("42P01", RELATION + "\nLINE 1: SELECT"), SequenceTableMissing),
    (POSTGRESQL, chained(PostgresError("42P01", RELATION)), SequenceTableMissing),
    (POSTGRESQL, PostgresError("42P01", 'relation "audit" does not exist'), None),
    (POSTGRESQL, PostgresError("42P01", f"no audit\nLINE 1: {RELATION}"), None),
    (POSTGRESQL, PostgresError("40P01"), None),
    (POSTGRESQL, PostgresError("40001"), None),
    (POSTGRESQL, sqlite_error(MISSING, 1), None),
    (POSTGRESQL, ValueError(), None),
    (SQLITE, sqlite_error("database is locked", 5), SequenceLocked),
    (SQLITE, sqlite_error("database is locked", 517), SequenceLocked),
    (SQLITE, sqlite_error("database table is locked", 6), SequenceLocked),
    (SQLITE, sqlite_error(MISSING, 1), SequenceTableMissing),
    (SQLITE, chained(sqlite_error(MISSING, 1)), SequenceTableMissing),
    (SQLITE, sqlite_error("no such table: invoices", 1), None),
    (SQLITE, sqlite_error(MISSING + "s", 1), None),
    (SQLITE, RuntimeError(MISSING), None),
    (SQLITE, PostgresError("55P03"), None),
    (SQLITE, sqlite_error("disk I/O error", 10), None),
]


@pytest.mark.parametrize(("dialect", "exc", "expected"), EXPLAINED)
def test_which_of_our_errors_a_drivers_stands_for(
    dialect: Dialect, exc: Exception, expected: type[AseqError] | None
) -> None:
    assert dialect.explain(exc, "aseq_sequence") is expected


# As servers say them that speak German, French, Spanish, Italian, Japanese and Korean.
LANGUAGES = [
    "Relation »{}« existiert nicht",
    "la relation « {} » n'existe pas",
    "no existe la relación «{}»",
    'la relazione "{}" non esiste',
    'リレーション"{}"は存在しません',
    '"{}" 이름의 릴레이션(relation)이 없습니다',
]


@pytest.mark.parametrize("text", LANGUAGES)
def test_a_missing_table_in_the_servers_language(text: str) -> None:
    def explained(missing: str, table: str) -> object:
        return POSTGRESQL.explain(PostgresError("42P01", text.format(missing)), table)

    assert explained("aseq_sequence", "aseq_sequence") is SequenceTableMissing
    assert explained("billing.numbers", "billing.numbers") is SequenceTableMissing
    for other in ("aseq_sequence_log", "my_aseq_sequence", "audit.aseq_sequence", "audit"):
        assert explained(other, "aseq_sequence") is None
    assert explained("billing.audit", "billing.numbers") is None


def test_a_missing_table_is_known_by_its_schema_too() -> None:
    exc = sqlite_error("no such table: billing.numbers", 1)
    relation = PostgresError("42P01", 'relation "billing.numbers" does not exist')
    schema = PostgresError("3F000", 'schema "billing" does not exist')

    assert SQLITE.explain(exc, "billing.numbers") is SequenceTableMissing
    assert SQLITE.explain(exc, "numbers") is None
    assert POSTGRESQL.explain(relation, "billing.numbers") is SequenceTableMissing
    assert POSTGRESQL.explain(schema, "billing.numbers") is SequenceTableMissing
    assert POSTGRESQL.explain(schema, "numbers") is None


@pytest.mark.parametrize(
    ("dialect", "said"), [(POSTGRESQL, "lock timeout"), (SQLITE, "BEGIN IMMEDIATE")]
)
def test_a_wait_that_the_database_ended_says_what_to_do(dialect: Dialect, said: str) -> None:
    assert said in dialect.busy
    assert "Roll back and try again" in dialect.busy
