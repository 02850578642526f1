"""The migration: one table however it is made, and never that of django-sequences."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, connections, migrations
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState
from django.test.utils import override_settings

from aseq import create_table_sql
from aseq.django.models import Sequence
from aseq.django.operations import CreateSequenceTable

COLUMNS = "pg_attribute WHERE attrelid = '{}'::regclass AND attnum > 0"
CATALOGUE = (
    f"SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM {COLUMNS}",
    """SELECT replace(conname, '{0}', 't'), contype, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE conrelid = '{0}'::regclass AND contype <> 'n' ORDER BY conname""",
    "SELECT reloptions, relpersistence FROM pg_class WHERE oid = '{0}'::regclass",
    """SELECT replace(pg_get_indexdef(indexrelid), '{0}', 't') FROM pg_index
    WHERE indrelid = '{0}'::regclass""",
)


def test_the_table_is_the_same_on_postgresql() -> None:
    with connection.cursor() as cursor:
        cursor.execute(create_table_sql("postgresql", "made_by_hand"))
        try:
            for query in CATALOGUE:
                found = []
                for table in ("aseq_sequence", "made_by_hand"):
                    cursor.execute(query.format(table))
                    found.append(cursor.fetchall())
                assert found[0] == found[1] != []
        finally:
            cursor.execute("DROP TABLE made_by_hand")


def test_the_table_is_the_same_on_sqlite() -> None:
    with connections["sqlite"].cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'aseq_sequence'")
        [[made]] = cursor.fetchall()
    expected = create_table_sql("sqlite").removesuffix(";\n").replace("IF NOT EXISTS ", "")
    assert made == expected


def test_the_model_fits_the_table(using: str) -> None:
    introspection = connections[using].introspection
    with connections[using].cursor() as cursor:
        columns = introspection.get_table_description(cursor, "aseq_sequence")
        kinds = [introspection.get_field_type(column.type_code, column) for column in columns]
        assert introspection.get_primary_key_column(cursor, "aseq_sequence") == "name"
    fields = [(field.column, field.get_internal_type()) for field in Sequence._meta.fields]
    assert [(column.name, kind) for column, kind in zip(columns, kinds, strict=True)] == fields
    assert not any(column.null_ok for column in columns)


def test_sqlmigrate(using: str, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("sqlmigrate", "aseq", "0001", database=using, no_color=True)
    said = capsys.readouterr().out
    assert said.count("CREATE TABLE") == 1
    assert create_table_sql("postgresql" if using == "default" else "sqlite").strip() in said
    call_command("sqlmigrate", "aseq", "0001", database=using, backwards=True)
    assert 'DROP TABLE "aseq_sequence"' in capsys.readouterr().out


def operation() -> tuple[CreateSequenceTable, ProjectState, ProjectState]:
    """The operation of the migration, and the states before and after it."""
    loader = MigrationExecutor(connection).loader
    [create] = loader.get_migration("aseq", "0001_initial").operations
    before, after = ProjectState(), ProjectState()
    create.state_forwards("aseq", after)
    return create, before, after


def forwards(using: str) -> list[str]:
    create, before, after = operation()
    with connections[using].schema_editor(collect_sql=True) as editor:
        create.database_forwards("aseq", editor, before, after)
    return list(editor.collected_sql)


def test_other_vendors_get_djangos_own_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "vendor", "oracle")
    [statement] = [line for line in forwards("default") if line.startswith("CREATE TABLE")]
    assert statement == (
        'CREATE TABLE "aseq_sequence" ("name" varchar(100) NOT NULL PRIMARY KEY, '
        '"last" bigint NOT NULL);'
    )


class NotOnSqlite:
    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return db != "sqlite" if app_label == "aseq" else None


@override_settings(DATABASE_ROUTERS=["tests.django.test_migration.NotOnSqlite"])
def test_the_routers_are_asked() -> None:
    assert forwards("sqlite") == []
    assert len(forwards("default")) == 1


def test_it_is_a_create_model_to_django() -> None:
    create, _, after = operation()
    assert isinstance(create, migrations.CreateModel)
    assert create.describe() == "Create model Sequence"
    model = after.apps.get_model("aseq", "Sequence")
    assert model._meta.db_table == Sequence._meta.db_table == "aseq_sequence"
    assert apps.get_model("aseq.Sequence") is Sequence
