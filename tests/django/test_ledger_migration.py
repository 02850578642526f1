"""The ledger's table in a migration of a Django project."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections
from django.db.migrations.state import ProjectState
from django.test.utils import override_settings

from aseq.django.operations import CreateLedgerTable
from aseq.ledger import create_guard_sql, create_ledger_sql

TABLE = "ledger_of_django"


def test_forwards_and_backwards(using: str) -> None:
    operation, state = CreateLedgerTable(TABLE), ProjectState()
    connection = connections[using]
    with connection.schema_editor() as editor:
        operation.state_forwards("shop", state)
        operation.database_forwards("shop", editor, state, state)
    assert TABLE in connection.introspection.table_names()
    with connection.schema_editor() as editor:
        operation.database_backwards("shop", editor, state, state)
    assert TABLE not in connection.introspection.table_names()
    assert operation.describe() == f"Create ledger {TABLE}"


def test_as_sql(using: str) -> None:
    dialect: Any = "postgresql" if using == "default" else "sqlite"
    with connections[using].schema_editor(collect_sql=True) as editor:
        state = ProjectState()
        CreateLedgerTable(TABLE).database_forwards("shop", editor, state, state)
    script = "\n".join(editor.collected_sql) + "\n"
    assert script == create_ledger_sql(dialect, TABLE) + create_guard_sql(dialect, TABLE)


class Nowhere:
    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return hints.get("aseq_ledger") != TABLE


@override_settings(DATABASE_ROUTERS=["tests.django.test_ledger_migration.Nowhere"])
@pytest.mark.parametrize("method", ["database_forwards", "database_backwards"])
def test_the_routers_are_asked(using: str, method: str) -> None:
    with connections[using].schema_editor(collect_sql=True) as editor:
        getattr(CreateLedgerTable(TABLE), method)("shop", editor, None, None)
    assert editor.collected_sql == []
