"""Operations for Tortoise's migrations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tortoise.migrations.operations import CreateModel, TortoiseOperation

from aseq._core.dialects import DIALECTS, Dialect, by_greeting
from aseq._core.spec import DEFAULT_TABLE
from aseq._core.table import TableName
from aseq.errors import UnsupportedConnection
from aseq.ledger._migrations import DEFAULT_TABLE as LEDGER
from aseq.ledger._migrations import advised, as_script, creating, dropping

from .models import LastField, NameField, Sequence

# Where Tortoise has a name of its own for a dialect.
_NAMES = {"postgres": "postgresql"}


class CreateSequenceTable(CreateModel):
    """Creates the table of sequences, exactly as `aseq.create_table` does.

    As a `CreateModel` of the model `Sequence`, it leaves nothing for `makemigrations`.
    """

    def __init__(self) -> None:
        fields: list[tuple[str, Any]] = [
            ("name", NameField(primary_key=True, unique=True, db_index=True)),
            ("last_value", LastField(source_field="last")),
        ]
        described = {"table_description": Sequence._meta.table_description}
        options = {"table": DEFAULT_TABLE, "app": "aseq", "pk_attr": "name", **described}
        super().__init__("Sequence", fields, options, ["Model"])

    async def database_forward(
        self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None
    ) -> None:
        """Run the statement of the database's own dialect."""
        if state_editor is not None:
            dialect = await _find_dialect(state_editor.client)
            await state_editor._run_sql(dialect.ddl(TableName.parse(DEFAULT_TABLE)) + ";")


class CreateLedgerTable(TortoiseOperation):
    """Creates the ledger's table and its guard, in a migration of the project's own.

        operations = [CreateLedgerTable()]

    There is no model for it.

    Args:
        table: the ledger's, "table" or "schema.table".
        guard: whether to create its guard.
    """

    def __init__(self, table: str = LEDGER, guard: bool = True) -> None:
        self.table, self.guard = table, guard

    def describe(self) -> str:
        """What it does."""
        return f"Create ledger {self.table}"

    def state_forward(self, app_label: str, state: Any) -> None:
        """There is no model."""

    async def database_forward(
        self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None
    ) -> None:
        """Create the table."""
        if state_editor is not None:
            dialect, table = (
                await _find_dialect(state_editor.client),
                TableName.parse(self.table),
            )
            texts = creating(dialect.name, table, guard=self.guard)
            await _run(state_editor, dialect, texts)

    async def database_backward(
        self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None
    ) -> None:
        """Drop the table with all that is in it."""
        if state_editor is not None:
            dialect = await _find_dialect(state_editor.client)
            texts = dropping(dialect.name, TableName.parse(self.table))
            await _run(state_editor, dialect, texts)


async def _run(state_editor: Any, dialect: Dialect, texts: Iterable[str]) -> None:
    """Run statements, or collect them. Tortoise's own way cuts triggers at semicolons."""
    if state_editor.collect_sql:
        script = as_script(dialect.name, texts)
        state_editor.collected_sql += (each.rstrip("\n") for each in script)
        return
    for sql in texts:
        with advised():
            await state_editor.client.execute_query(sql)


async def _find_dialect(client: Any) -> Dialect:
    """Ours: to Tortoise, MariaDB is MySQL as well, so the server is asked.

    Raises:
        UnsupportedConnection: there is none.
    """
    name = str(client.capabilities.dialect)
    if name != "mysql":
        return DIALECTS[_NAMES.get(name, name)]
    async with client.acquire_connection() as connection:
        greeting = str(connection.get_server_info())
    dialect = by_greeting(greeting)
    if dialect is None:
        raise UnsupportedConnection(f"the server {greeting}", "use MariaDB 10.6 or newer")
    return dialect
