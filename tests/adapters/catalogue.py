"""What the catalogue of a database says about the table of sequences."""

from __future__ import annotations

from typing import Any

from sqlalchemy import create_engine, inspect, text

from aseq import create_table_sql
from tests.adapters.alembic_project import Project

CATALOGUE = """
SELECT reloptions, relam, relpersistence FROM pg_class WHERE oid = 'aseq_sequence'::regclass;

SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = 'aseq_sequence'::regclass ORDER BY conname, contype;

SELECT attname, format_type(atttypid, atttypmod), attnotnull, atthasdef, attidentity
FROM pg_attribute WHERE attrelid = 'aseq_sequence'::regclass AND attnum > 0 ORDER BY attnum;

SELECT indexdef FROM pg_indexes WHERE tablename = 'aseq_sequence' ORDER BY indexname
"""


def by_statement(project: Project) -> None:
    project.execute(create_table_sql(project.dialect))


def rows(project: Project, query: str) -> list[Any]:
    engine = create_engine(project.url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return found


def found(project: Project) -> Any:
    if project.dialect == "postgresql":
        return [rows(project, query) for query in CATALOGUE.split(";")]
    if project.dialect == "mariadb":
        [[_, said]] = rows(project, "SHOW CREATE TABLE aseq_sequence")
        return sorted(line.rstrip(",") for line in said.splitlines())
    engine = create_engine(project.url)
    inspector = inspect(engine)
    columns = [
        {**column, "type": str(column["type"])}
        for column in inspector.get_columns("aseq_sequence")
    ]
    checks = sorted(inspector.get_check_constraints("aseq_sequence"), key=str)
    key = inspector.get_pk_constraint("aseq_sequence")
    engine.dispose()
    return columns, checks, key
