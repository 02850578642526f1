"""The table of sequences as a model of Tortoise, for its schemas and migrations.

Name this module among the models of an app, and Tortoise creates the table.
"""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from aseq._core.dialects.fragments import LAST_CHECK, NAME_CHECK
from aseq._core.dialects.servers import COLLATION
from aseq._core.spec import DEFAULT_TABLE, NAME_LIMIT

# Where Tortoise writes the type of a column, it takes what belongs to it as well. MariaDB wants
# a check behind all else: there only the migration makes it.
_CHECK = f"CONSTRAINT {DEFAULT_TABLE}_{{}}_check CHECK ({{}})"
_NAME_CHECK = _CHECK.format("name", NAME_CHECK)
_LAST_CHECK = _CHECK.format("last", LAST_CHECK)


class NameField(fields.CharField[str]):
    """The name of a sequence, with its check."""

    class _db_mysql:  # noqa: N801  # Tortoise's name
        SQL_TYPE = f"varchar({NAME_LIMIT}) CHARACTER SET utf8mb4 COLLATE {COLLATION}"

    def __init__(self, max_length: int = NAME_LIMIT, **kwargs: Any) -> None:
        super().__init__(max_length, **kwargs)

    @property
    def SQL_TYPE(self) -> str:  # type: ignore[override]  # noqa: N802  # Tortoise's name
        """The type of the column, and its check."""
        return f"varchar({self.max_length}) {_NAME_CHECK}"


class LastField(fields.BigIntField):
    """The last value of a sequence, with its check."""

    SQL_TYPE = f"bigint {_LAST_CHECK}"

    class _db_mysql(fields.BigIntField._db_mysql):  # noqa: N801  # Tortoise's name
        SQL_TYPE = "bigint"


class Sequence(Model):
    """A sequence, to look at. Numbers are drawn with `AsyncSequence` only."""

    name = NameField(primary_key=True)
    last_value = LastField(source_field="last")

    class Meta(Model.Meta):
        """What Tortoise knows of the table."""

        table = DEFAULT_TABLE
