"""Names of tables: validated here, quoted by the dialects, never user data."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from aseq.errors import InvalidSequence

# PostgreSQL cuts identifiers at 63 bytes; the check's name adds 11 to the table's.
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,51}")


class TableName(NamedTuple):
    """A table, and its schema if one was named."""

    name: str
    schema: str | None = None

    @classmethod
    def parse(cls, text: object) -> TableName:
        """Read "table" or "schema.table".

        Raises:
            InvalidSequence: it isn't one or two plain identifiers.
        """
        if not isinstance(text, str):
            raise InvalidSequence("table", f"must be a str, not {type(text).__name__}")
        return _parse(text)

    def __str__(self) -> str:
        return self.name if self.schema is None else f"{self.schema}.{self.name}"


@lru_cache(maxsize=256)
def _parse(text: str) -> TableName:
    *schema, name = text.split(".")
    if len(schema) > 1 or not all(map(_IDENTIFIER.fullmatch, (*schema, name))):
        raise InvalidSequence(
            "table",
            f"must be a plain identifier of at most 52 ASCII letters, digits and "
            f"underscores, or two with a dot between: {text!r} isn't",
        )
    return TableName(name, *schema)
