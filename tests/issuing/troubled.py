"""A table of drafts that get into every kind of trouble, and what is saved in it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from aseq import AsyncSequence, create_table_sql

# What a row's `kind` does to it when it gets its number.
REFUSED = {
    "check": "is refused by a constraint",
    "unique": "is refused by a unique index: it changes another column to what is there",
    "raise": "is refused by a trigger",
    "drop": "isn't updated: a trigger returns NULL, and says nothing",
    "change": "gets another number: a trigger changes it, and says nothing",
    "deferred": "is refused at COMMIT, by a deferred constraint",
    "rls": "is refused by a policy of row-level security",
}

_TABLE = """\
CREATE TABLE {name} (
    id bigserial PRIMARY KEY,
    kind text NOT NULL DEFAULT 'good',
    number {type} UNIQUE,
    issued_at timestamptz,
    once text UNIQUE,
    later text UNIQUE DEFERRABLE INITIALLY DEFERRED,
    tenant text,
    CHECK (kind <> 'check' OR number IS NULL)
);
CREATE FUNCTION {name}_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    CASE NEW.kind
    WHEN 'unique' THEN NEW.once := 'taken';
    WHEN 'raise' THEN RAISE 'no number for %', NEW.id;
    WHEN 'drop' THEN RETURN NULL;
    WHEN 'change' THEN NEW.number := 1000000 + NEW.id;
    WHEN 'deferred' THEN NEW.later := 'taken';
    ELSE END CASE;
    RETURN NEW;
END $$;
INSERT INTO {name} (id, once, later) VALUES (0, 'taken', 'taken');
CREATE TRIGGER t BEFORE UPDATE ON {name} FOR EACH ROW EXECUTE FUNCTION {name}_f();
ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON {name} USING (true) WITH CHECK (kind <> 'rls' OR number IS NULL);
GRANT ALL ON {name}, {name}_id_seq, aseq_sequence TO aseq_clerk"""

_ROLE = """\
DO $$ BEGIN CREATE ROLE aseq_clerk LOGIN; EXCEPTION WHEN duplicate_object THEN END $$"""


class Drafts:
    """One table of drafts.

    Attributes:
        name: of the table, and of the sequence for it.
        sequence: for it.
    """

    def __init__(self, url: str) -> None:
        self.name = f"draft_{secrets.token_hex(5)}"
        self.sequence = AsyncSequence(self.name)
        self._conn = psycopg.connect(url, autocommit=True)
        # Not as a superuser, for whom there is no row-level security.
        self.url = url.replace("//postgres@", "//aseq_clerk@")
        assert self.url != url

    @property
    def column(self) -> str:
        """The column that gets numbers."""
        return f"{self.name}.number"

    def create(self, number: str) -> None:
        """Create it, with row 0, which has no number and isn't asked for."""
        with self._conn.transaction():
            self._conn.execute("SELECT pg_advisory_xact_lock(7)")  # several workers at a time
            self.run(create_table_sql("postgresql"))
            self.run(_ROLE)
            self.run(_TABLE.format(name=self.name, type=number))

    def run(self, sql: str, *args: object) -> list[tuple[Any, ...]]:
        """Run a statement on a connection of the test's own, and commit."""
        cursor = self._conn.execute(sql.encode(), args or None)
        return cursor.fetchall() if cursor.description else []

    def add(self, kind: str = "good", tenant: str | None = None) -> int:
        """Save a draft."""
        sql = f"INSERT INTO {self.name} (kind, tenant) VALUES (%s, %s) RETURNING id"
        [(key,)] = self.run(sql, kind, tenant)
        return int(key)

    def add_many(self, count: int, kind: str = "good") -> list[int]:
        """Save drafts."""
        sql = (
            f"INSERT INTO {self.name} (kind) SELECT %s FROM generate_series(1, %s) RETURNING id"
        )
        return [key for (key,) in self.run(sql, kind, count)]

    def numbers(self) -> dict[int, int]:
        """The numbers that are saved, by the keys of their rows."""
        sql = f"SELECT id, number FROM {self.name} WHERE number IS NOT NULL"
        return dict(self.run(sql))

    def last(self) -> int:
        """The last number that was drawn, and committed."""
        rows = self.run("SELECT last FROM aseq_sequence WHERE name = %s", self.name)
        return int(rows[0][0]) if rows else 0

    def check_gapless(self) -> None:
        """Each number that was drawn is saved once."""
        assert sorted(self.numbers().values()) == list(range(1, self.last() + 1))

    def close(self) -> None:
        """Drop it."""
        self.run(f"DROP TABLE {self.name}")
        self.run(f"DROP FUNCTION {self.name}_f")
        self._conn.close()


@contextmanager
def drafts(url: str, number: str = "bigint") -> Iterator[Drafts]:
    """A table of drafts, for the length of the block; its numbers are of a type."""
    table = Drafts(url)
    table.create(number)
    try:
        yield table
    finally:
        table.close()
