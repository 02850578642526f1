"""Tries to rewrite the ledger, each as (what is tried, how it is done)."""

from __future__ import annotations

VOID = "state = 'void', voided_at = issued_at, void_reason = 'x'"
COLUMNS = "series, sequence, number, text, at, issued_at, state"
ROW = "'s', 's', 1, 'other', '2026-01-01', '2026-01-01', 'issued'"

SHARED = [
    ("delete a row", "DELETE FROM {t}"),
    ("change a number", "UPDATE {t} SET number = 4"),
    ("change a text and make it void", f"UPDATE {{t}} SET text = 'y', {VOID}"),
    ("give a void number another reason", "UPDATE {t} SET void_reason = 'y' WHERE number = 2"),
    (
        "take a void back",
        (
            "UPDATE {t} SET state = 'issued', voided_at = NULL, void_reason = NULL "
            "WHERE number = 2"
        ),
    ),
    (
        "upsert over a row",
        (
            f"INSERT INTO {{t}} ({COLUMNS}) VALUES ({ROW}) "
            "ON CONFLICT (sequence, number) DO UPDATE SET text = excluded.text"
        ),
    ),
    (
        "add a number that was never drawn",
        f"INSERT INTO {{t}} ({COLUMNS}) VALUES ({ROW.replace('1', '9999', 1)})",
    ),
]

POSTGRESQL = [
    *SHARED,
    ("empty the table", "TRUNCATE {t}"),
    (
        "change the row in a trigger before the guard",
        (
            "CREATE FUNCTION {t}_f() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN NEW.text = ''y''; RETURN NEW; END';"
            "CREATE TRIGGER a BEFORE UPDATE ON {t} FOR EACH ROW EXECUTE FUNCTION {t}_f();"
            f"UPDATE {{t}} SET {VOID} WHERE number = 1"
        ),
    ),
    (
        "switch triggers off for the session",
        "SET LOCAL session_replication_role = replica; DELETE FROM {t}",
    ),
    ("disable the guard", "ALTER TABLE {t} DISABLE TRIGGER USER; DELETE FROM {t}"),
    ("drop the guard", "DROP TRIGGER {t}_guard ON {t}; DELETE FROM {t}"),
    (
        "rewrite a column in place",
        "ALTER TABLE {t} ALTER COLUMN text TYPE varchar USING 'rewritten'",
    ),
    ("drop the table", "DROP TABLE {t}"),
]

SQLITE = [
    *SHARED,
    ("replace a row", f"REPLACE INTO {{t}} ({COLUMNS}) VALUES ({ROW})"),
    ("replace while updating", "UPDATE OR REPLACE {t} SET number = 2 WHERE number = 1"),
    ("drop the guard", "DROP TRIGGER {t}_guard_delete; DELETE FROM {t}"),
    ("drop the table", "DROP TABLE {t}"),
]

_UPSERT = f"INSERT INTO {{t}} ({COLUMNS}) VALUES ({ROW}) ON DUPLICATE KEY UPDATE text = 'y'"
_IGNORED = f"UPDATE IGNORE {{t}} SET text = 'y', {VOID}"

# Definitions are committed at once here, so each is tried on a ledger of its own.
INNODB = [
    *((label, _UPSERT if label == "upsert over a row" else sql) for label, sql in SHARED),
    ("replace a row", f"REPLACE INTO {{t}} ({COLUMNS}) VALUES ({ROW})"),
    ("change rows, ignoring errors", _IGNORED),
    ("delete rows, ignoring errors", "DELETE IGNORE FROM {t}"),
    ("delete rows by a join", "DELETE l FROM {t} AS l JOIN {t} AS m USING (sequence, number)"),
    ("empty the table", "TRUNCATE {t}"),
    (
        "change the row in a trigger before the guard",
        (
            "CREATE TRIGGER {t}_a BEFORE UPDATE ON {t} FOR EACH ROW SET NEW.text = 'y';"
            f"UPDATE {{t}} SET {VOID} WHERE number = 1"
        ),
    ),
    ("drop the guard", "DROP TRIGGER {t}_guard_del; DELETE FROM {t}"),
    ("rewrite a column in place", "ALTER TABLE {t} DROP COLUMN note"),
    (
        "let a foreign key delete rows",
        (
            "CREATE TABLE {t}_p (n bigint PRIMARY KEY) ENGINE=InnoDB;"
            "INSERT INTO {t}_p VALUES (1), (2);"
            "ALTER TABLE {t} ADD FOREIGN KEY (number) REFERENCES {t}_p (n) ON DELETE CASCADE;"
            "DELETE FROM {t}_p"
        ),
    ),
    (
        "let a foreign key change numbers",
        (
            "CREATE TABLE {t}_p (n bigint PRIMARY KEY) ENGINE=InnoDB;"
            "INSERT INTO {t}_p VALUES (1), (2);"
            "ALTER TABLE {t} ADD FOREIGN KEY (number) REFERENCES {t}_p (n) ON UPDATE CASCADE;"
            "UPDATE {t}_p SET n = n + 10"
        ),
    ),
    ("put another table in its place", "ALTER TABLE {t} RENAME TO {t}_old"),
    ("drop the table", "DROP TABLE {t}"),
]
