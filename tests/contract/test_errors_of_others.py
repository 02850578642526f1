"""A table that is missing, but not ours: a trigger on the table of sequences needs it."""

from __future__ import annotations

import pytest

from aseq import AseqError, AsyncSequence, create_table_sql
from tests.database import Database

_MYSQL = """
    CREATE TRIGGER {table} AFTER INSERT ON {table}
    FOR EACH ROW INSERT INTO no_audit VALUES (1)"""

TRIGGERS = {
    "mariadb": _MYSQL,
    "mysql": _MYSQL,
    "sqlite": """
        CREATE TRIGGER audit AFTER INSERT ON {table}
        BEGIN INSERT INTO no_audit VALUES (1); END""",
    "postgresql": """
        CREATE FUNCTION {table}_audit() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN INSERT INTO no_audit VALUES (1); RETURN NEW; END';
        CREATE TRIGGER audit AFTER INSERT ON {table}
        FOR EACH ROW EXECUTE FUNCTION {table}_audit()""",
}


async def test_the_error_stays_the_drivers(database: Database, name: str) -> None:
    dialect, table = database.case.dialect, name.replace("-", "_")
    database.run(create_table_sql(dialect, table))
    database.run(TRIGGERS[dialect].format(table=table))
    async with database.connect() as client:
        with pytest.raises(Exception, match="no_audit") as caught:
            async with client.transaction():
                await AsyncSequence(name, table=table).next_value(client.conn)

    assert not isinstance(caught.value, AseqError)
