"""The table of sequences on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, text

from aseq._core.spec import DEFAULT_TABLE, DJANGO_SEQUENCES_TABLE
from aseq._core.table import TableName

from .answer import Answer, ok, triggers, warn

_TABLE = text("""\
SELECT c.oid, CAST(c.relkind AS text) AS relkind, c.reloptions,
    CAST(c.relpersistence AS text) AS relpersistence, row_security_active(c.oid) AS hidden,
    has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
    AND has_table_privilege(c.oid, 'UPDATE') AS allowed
FROM pg_class AS c WHERE c.oid = to_regclass(:quoted)""")

_COLUMNS = text("""\
SELECT a.attname, format_type(a.atttypid, a.atttypmod), EXISTS (
    SELECT 1 FROM pg_index AS i WHERE i.indrelid = a.attrelid AND i.indisunique
    AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum
) FROM pg_attribute AS a
WHERE a.attrelid = CAST(:oid AS oid) AND a.attnum > 0 AND NOT a.attisdropped""")

_TRIGGERS = text("""\
SELECT tgname FROM pg_trigger
WHERE tgrelid = CAST(:oid AS oid) AND NOT tgisinternal AND tgenabled <> 'D' ORDER BY tgname""")

_BOTH = """\
SELECT a.name FROM {} AS a JOIN sequences_sequence AS b ON a.name = b.name
WHERE a.last <> b.last ORDER BY a.name LIMIT 3"""

_STORAGE = (
    "fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000"
)


def table(connection: Connection, name: str) -> Iterator[Answer]:
    """What is to be said of the table."""
    quoted = ".".join(f'"{part}"' for part in name.split("."))
    found = connection.execute(_TABLE, {"quoted": quoted}).one_or_none()
    if found is None:
        yield warn("table", f"there is no table {name}", f"aseq create --table {name}")
        return
    columns = {
        column: (kind, unique)
        for column, kind, unique in connection.execute(_COLUMNS, {"oid": int(found.oid)})
    }
    wrong = _wrong(found, columns)
    if wrong:
        paste = f"aseq ddl postgresql --table {name}"
        yield warn("table", f"{name} isn't a table of sequences: {wrong}", paste)
        return
    yield ok("table", f"{name} is there, with its columns")
    yield _key(name, unique=columns["name"][1])
    yield from _kept(found, columns, name)
    yield _storage(found, name)
    oid = {"oid": int(found.oid)}
    yield triggers(connection.execute(_TRIGGERS, oid).scalars().all())
    yield _shared(connection, name, quoted)


def _wrong(found: Row[Any], columns: dict[str, tuple[str, bool]]) -> str:
    if found.relkind not in ("r", "p"):
        return "it is a view, or something else that has no rows of its own"
    missing = [column for column in ("name", "last") if column not in columns]
    return f"it has no column {missing[0]!r}" if missing else ""


def _key(name: str, *, unique: bool) -> Answer:
    if unique:
        return ok("primary key", "name is unique")
    told = "name isn't unique, so no draw can work, and there may be two counters of one name"
    return warn("primary key", told, f"ALTER TABLE {name} ADD PRIMARY KEY (name);")


def _kept(found: Row[Any], columns: dict[str, tuple[str, bool]], name: str) -> Iterator[Answer]:
    """Whether its rows stay what they are, and can be seen and written."""
    kind = columns["last"][0]
    if kind != "bigint":
        told = f"last is {kind}: numbers beyond what it holds can't be drawn"
        yield warn("column", told, f"ALTER TABLE {name} ALTER COLUMN last TYPE bigint;")
    if found.relpersistence != "p":
        told = (
            "it isn't logged: a crash of the server empties the table, and numbers come again"
        )
        yield warn("durability of the table", told, f"ALTER TABLE {name} SET LOGGED;")
    if found.hidden:
        told = "row-level security may hide counters from this role: they would begin again"
        yield warn(
            "row-level security", told, f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY;"
        )
    if found.allowed:
        yield ok("rights", "this role may draw")
    else:
        paste = f"GRANT SELECT, INSERT, UPDATE ON {name} TO ...;"
        yield warn("rights", "this role may not draw", paste)


def _storage(found: Row[Any], name: str) -> Answer:
    options = dict(option.split("=", 1) for option in found.reloptions or ())
    fillfactor = int(options.get("fillfactor", 100))
    if fillfactor <= 50:
        return ok("fillfactor", f"it is {fillfactor}")
    told = f"it is {fillfactor}: each draw has to find another page, and the table grows"
    return warn("fillfactor", told, f"ALTER TABLE {name} SET ({_STORAGE});")


def _shared(connection: Connection, name: str, quoted: str) -> Answer:
    topic = "django-sequences"
    if TableName.parse(name).name == DJANGO_SEQUENCES_TABLE:
        told = "the table is shared with it: both give the same numbers, and nobody queues"
        return ok(topic, told)
    theirs = connection.execute(_TABLE, {"quoted": DJANGO_SEQUENCES_TABLE}).one_or_none()
    if theirs is None:
        return ok(topic, "its table isn't here")
    both = list(connection.execute(text(_BOTH.format(quoted))).scalars())
    if not both:
        return ok(topic, f"{DJANGO_SEQUENCES_TABLE} is here, and has none of our names")
    told = f"{DJANGO_SEQUENCES_TABLE} counts {', '.join(map(repr, both))} as well, differently"
    extra = "" if name == DEFAULT_TABLE else f" --table {name}"
    return warn(topic, told, f"aseq take-over-table {DJANGO_SEQUENCES_TABLE}{extra}")
