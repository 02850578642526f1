"""One table: whoever creates it, the database has the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from alembic import command
from sqlalchemy import MetaData, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from aseq import create_table
from aseq.sqlalchemy import sequence_table
from tests.adapters.alembic_project import Project
from tests.adapters.catalogue import by_statement, found


def by_create_table(project: Project) -> None:
    async def create() -> None:
        url = project.url.replace("sqlite:", "sqlite+aiosqlite:").replace("pymysql", "asyncmy")
        engine = create_async_engine(url)
        async with engine.begin() as conn:
            await create_table(conn)
        await engine.dispose()

    asyncio.run(create())


def by_create_all(project: Project) -> None:
    metadata = MetaData(naming_convention={"ck": "ck_%(constraint_name)s", "pk": "pk_x"})
    sequence_table(metadata)
    engine = create_engine(project.url)
    metadata.create_all(engine)
    engine.dispose()


def by_operation(project: Project) -> None:
    project.write_revision()
    project(command.upgrade, "head")


def by_operation_as_sql(project: Project) -> None:
    project.write_revision()
    script = project(command.upgrade, "head", sql=True)
    statements = script.replace("BEGIN;", "").replace("COMMIT;", "").split(";\n")
    for statement in filter(str.strip, statements):
        project.execute(statement)


def by_autogenerate(project: Project) -> None:
    metadata = MetaData()
    sequence_table(metadata)
    project(command.revision, autogenerate=True, target_metadata=metadata)
    project(command.upgrade, "head", target_metadata=metadata)


@pytest.mark.parametrize(
    "create",
    [by_create_table, by_create_all, by_operation, by_operation_as_sql, by_autogenerate],
)
def test_the_same_table(project: Project, create: Callable[[Project], None]) -> None:
    create(project)
    theirs = found(project)
    project.execute("DROP TABLE aseq_sequence")
    by_statement(project)

    assert theirs == found(project)


@pytest.mark.parametrize("project", ["mariadb"], indirect=True)
@pytest.mark.parametrize("name", ["mysql+pymysql", "mariadb+pymysql"])
def test_names_are_kept_apart(project: Project, name: str) -> None:
    """By either name that SQLAlchemy has for the server."""
    project.url = project.url.replace("mysql+pymysql", name)
    by_create_all(project)
    names = ["inv", "INV", "inv ", "ínv"]
    for each in names:
        project.execute(f"INSERT INTO aseq_sequence VALUES ('{each}', 1)")

    assert {each for (each,) in project.rows("SELECT name FROM aseq_sequence")} == {*names}


@pytest.mark.parametrize(
    "create", [by_create_table, by_statement, by_create_all, by_operation, by_autogenerate]
)
def test_the_checks_bite(project: Project, create: Callable[[Project], None]) -> None:
    create(project)
    project.execute("INSERT INTO aseq_sequence VALUES ('low', -9223372036854775808)")
    project.execute("INSERT INTO aseq_sequence VALUES ('high', 9223372036854775807)")
    with pytest.raises(DBAPIError, match="aseq_sequence_name_check"):
        project.execute("INSERT INTO aseq_sequence VALUES ('', 1)")
    with pytest.raises(DBAPIError, match=r"aseq_sequence_pkey|UNIQUE|Duplicate"):
        project.execute("INSERT INTO aseq_sequence VALUES ('low', 1)")
    if project.dialect == "sqlite":
        for name, change in (("high", "+ 1"), ("low", "- 1"), ("high", "+ 5000")):
            with pytest.raises(DBAPIError, match="aseq_sequence_last_check"):
                project.execute(
                    f"UPDATE aseq_sequence SET last = last {change} WHERE name = '{name}'"
                )
