"""The ledger's table: whoever creates it, the database has the same, and its guard."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from alembic import command
from sqlalchemy import MetaData, create_engine, inspect
from sqlalchemy.exc import DBAPIError
from tortoise import Tortoise
from tortoise.migrations.schema_editor.asyncpg import AsyncpgSchemaEditor
from tortoise.migrations.schema_editor.mysql import MySQLSchemaEditor
from tortoise.migrations.schema_editor.sqlite import SqliteSchemaEditor

from aseq.ledger import create_ledger_sql
from aseq.sqlalchemy import ledger_table
from aseq.tortoise.operations import CreateLedgerTable as TortoiseOperation
from tests.adapters.alembic_project import Project

pytestmark = pytest.mark.parametrize(
    "project", ["mariadb", "postgresql", "sqlite"], indirect=True
)

REVISION = """
from alembic import op

revision = "1"
down_revision = None

def upgrade():
    op.create_aseq_ledger()

def downgrade():
    op.drop_aseq_ledger()
"""
GUARD = """
from alembic import op

revision = "2"
down_revision = "{}"

def upgrade():
    op.create_aseq_ledger_guard()

def downgrade():
    op.drop_aseq_ledger_guard()
"""
CHANGE = (
    (
        "INSERT INTO aseq_ledger (series, sequence, number, text, at, issued_at, state) "
        "VALUES ('s', 's', 1, '1', '2026-01-01', '2026-01-01', 'issued')"
    ),
    "UPDATE aseq_ledger SET number = 2",
)


def by_operation(project: Project) -> None:
    project.write(REVISION, "1")
    project(command.upgrade, "head")


def by_operation_as_sql(project: Project) -> None:
    project.write(REVISION, "1")
    url = project.url
    project.url = url.replace("mysql+", "mariadb+")  # nobody is asked what it is
    script = project(command.upgrade, "head", sql=True)
    project.url = url
    project.run_script(script)


def by_autogenerate(project: Project) -> None:
    metadata = MetaData(naming_convention={"ck": "ck_%(constraint_name)s", "uq": "uq_x"})
    ledger_table(metadata)
    assert ledger_table(metadata) is metadata.tables["aseq_ledger"]
    project(command.revision, autogenerate=True, rev_id="0", target_metadata=metadata)
    project.write(GUARD.format("0"), "2")
    project(command.upgrade, "head", target_metadata=metadata)
    project(command.check, target_metadata=metadata)


def by_tortoise(project: Project) -> None:
    async def run() -> None:
        url = project.url.replace("sqlite:///", "sqlite://")
        scheme, _, rest = url.partition("://")
        scheme = {"sqlite": "sqlite", "mysql+pymysql": "mysql"}.get(scheme, "asyncpg")
        await Tortoise.init(
            db_url=f"{scheme}://{rest}", modules={"aseq": ["aseq.tortoise.models"]}
        )
        client = Tortoise.get_connection("default")
        editor = {"sqlite": SqliteSchemaEditor, "mysql": MySQLSchemaEditor}
        make = editor.get(scheme, AsyncpgSchemaEditor)
        await TortoiseOperation().database_forward("x", None, None, make(client))
        await Tortoise.close_connections()

    asyncio.run(run())


WAYS = [by_operation, by_operation_as_sql, by_autogenerate, by_tortoise]


@pytest.mark.parametrize("create", WAYS)
def test_the_same_table(project: Project, create: Callable[[Project], None]) -> None:
    create(project)
    theirs = found(project)
    project.execute(CHANGE[0])
    with pytest.raises(DBAPIError, match="only grows: UPDATE refused"):
        project.execute(CHANGE[1])
    project.execute("DROP TABLE aseq_ledger")
    project.execute(create_ledger_sql(project.dialect))

    assert theirs == found(project)


def found(project: Project) -> Any:
    if project.dialect == "mariadb":
        [[_, said]] = project.rows("SHOW CREATE TABLE aseq_ledger")
        return said
    engine = create_engine(project.url)
    inspector = inspect(engine)
    columns = [
        {**column, "type": str(column["type"]), "comment": None}
        for column in inspector.get_columns("aseq_ledger")
    ]
    key = inspector.get_pk_constraint("aseq_ledger")
    unique = inspector.get_unique_constraints("aseq_ledger")
    engine.dispose()
    return columns, key, unique, checks(project)


def checks(project: Project) -> set[str]:
    """The names of its checks; SQLAlchemy 2.0.38 doesn't read all of them on SQLite."""
    if project.dialect == "sqlite":
        text = "SELECT sql FROM sqlite_schema WHERE name = 'aseq_ledger'"
    else:
        text = (
            "SELECT string_agg('CONSTRAINT ' || conname, ' ') FROM pg_constraint "
            "WHERE conrelid = 'aseq_ledger'::regclass AND contype = 'c'"
        )
    engine = create_engine(project.url)
    with engine.connect() as conn:
        found = str(conn.exec_driver_sql(text).scalar_one())
    engine.dispose()
    return {name for name in re.findall(r"CONSTRAINT (\w+)", found) if "check" in name}


def test_downgrade(project: Project) -> None:
    project.write(REVISION, "1")
    project(command.upgrade, "head")
    project(command.downgrade, "base")
    project(command.upgrade, "head")
    project(command.downgrade, "base")


def test_no_difference_to_ours(project: Project) -> None:
    metadata = MetaData()
    ledger_table(metadata)
    project.execute(create_ledger_sql(project.dialect))
    project(command.check, target_metadata=metadata)
