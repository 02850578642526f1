"""The table of sequences, as Tortoise creates it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import tortoise
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import DBAPIError
from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.context import TortoiseContext
from tortoise.migrations.api.migrate import migrate
from tortoise.migrations.autodetector import MigrationAutodetector

from aseq.tortoise.models import Sequence
from tests.adapters.alembic_project import Project
from tests.adapters.catalogue import by_statement, found

# What migrations of Tortoise before 1.1.9 say to fields of their own making.
pytestmark = pytest.mark.filterwarnings("ignore:`pk` is deprecated:DeprecationWarning")

TORTOISE = tuple(map(int, tortoise.__version__.split(".")[:3]))

APP = {
    "models": ["aseq.tortoise.models"],
    "migrations": "aseq.tortoise.migrations",
    "default_connection": "default",
}


@pytest.fixture(autouse=True)
def _another_database() -> None:
    """Tortoise remembers texts by the names of connection and table, not by the dialect."""
    EXECUTOR_CACHE.clear()


def config(project: Project) -> dict[str, Any]:
    url = project.url.replace("sqlite:///", "sqlite://")
    scheme, _, rest = url.partition("://")
    scheme = {"sqlite": "sqlite", "mysql+pymysql": "mysql"}.get(scheme, "asyncpg")
    rest = rest.replace("root@", "root:@")  # its parser wants a password
    return {"connections": {"default": f"{scheme}://{rest}"}, "apps": {"aseq": APP}}


def by_migration(project: Project, **options: Any) -> None:
    if project.dialect == "mariadb" and TORTOISE < (1, 1, 8):
        pytest.skip("before 1.1.8, Tortoise can't note there what was migrated")

    async def run() -> None:
        try:
            await migrate(config=config(project), **options)
        finally:
            await Tortoise.close_connections()

    asyncio.run(run())


def by_generate_schemas(project: Project) -> None:
    async def create() -> None:
        async with TortoiseContext() as context:
            await context.init(config(project))
            await context.generate_schemas()

    asyncio.run(create())


def test_the_migration_creates_the_same_table(project: Project) -> None:
    by_migration(project)
    theirs = found(project)
    project.execute("DROP TABLE aseq_sequence")
    by_statement(project)

    assert theirs == found(project)


def test_the_migration_can_be_undone(project: Project) -> None:
    by_migration(project)
    by_migration(project, target="aseq.__first__", direction="backward")
    assert not has_table(project)
    by_migration(project)
    assert has_table(project)


def has_table(project: Project) -> bool:
    engine = create_engine(project.url)
    found = inspect(engine).has_table("aseq_sequence")
    engine.dispose()
    return found


def test_generate_schemas_creates_the_same_but_for_storage(project: Project) -> None:
    """It can't say how full the pages are, nor, on SQLite, what the key is called."""
    by_generate_schemas(project)
    theirs = found(project)
    project.execute("DROP TABLE aseq_sequence")
    by_statement(project)
    ours = found(project)

    if project.dialect == "postgresql":
        [(theirs_options, *_)], [(options, *_)] = theirs[0], ours[0]
        assert (theirs_options, bool(options)) == (None, True)
        assert theirs[1:] == ours[1:]
    elif project.dialect == "mariadb":  # no checks, either
        theirs = [line.partition(" COMMENT")[0] for line in theirs]
        assert theirs == [line for line in ours if "CHECK" not in line]
    else:
        assert theirs[:2] == ours[:2]
        assert theirs[2]["constrained_columns"] == ours[2]["constrained_columns"]


@pytest.mark.parametrize("create", [by_migration, by_generate_schemas])
def test_the_checks_bite(project: Project, create: Callable[[Project], None]) -> None:
    if project.dialect == "mariadb" and create is by_generate_schemas:
        pytest.skip("there are none")
    create(project)
    project.execute("INSERT INTO aseq_sequence VALUES ('high', 9223372036854775807)")
    with pytest.raises(DBAPIError, match="aseq_sequence_name_check"):
        project.execute("INSERT INTO aseq_sequence VALUES ('', 1)")
    if project.dialect == "sqlite":
        with pytest.raises(DBAPIError, match="aseq_sequence_last_check"):
            project.execute("UPDATE aseq_sequence SET last = last + 1")


async def test_makemigrations_finds_no_difference() -> None:
    async with TortoiseContext() as context:
        apps = {"aseq": APP}
        await context.init({"connections": {"default": "sqlite://:memory:"}, "apps": apps})
        assert context.apps is not None
        detector = MigrationAutodetector(context.apps, apps)
        assert await detector.changes() == []


async def test_the_model_reads_what_was_drawn() -> None:
    async with TortoiseContext() as context:
        apps = {"aseq": APP}
        await context.init({"connections": {"default": "sqlite://:memory:"}, "apps": apps})
        await context.generate_schemas()
        await Sequence.create(name="invoices", last_value=7)
        assert await Sequence.all().values_list("name", "last_value") == [("invoices", 7)]
