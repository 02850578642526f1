"""What a caller calls a column, and which column of which table it is.

The one place that knows how each library names a column. It looks at attributes and
imports nothing: what isn't one of these shapes is refused.

* SQLAlchemy: ``Invoice.number`` (an `InstrumentedAttribute`, whose ``expression`` is the
  column) or a Core column; both have a ``table`` with ``name`` and ``schema``.
* Django: ``Invoice.number`` (a `DeferredAttribute`, which has the ``field``), or a field;
  its ``model._meta`` has ``db_table``, and the field its ``column``.
* Tortoise: ``(Invoice, "number")``, for its classes have no attributes for their fields;
  ``_meta.fields_map`` has the field. (A pair names a column of the other two as well.)
* a text: "table.column" or "schema.table.column", as the database spells them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ._core.table import TableName
from .errors import InvalidSequence

_SHAPES = (
    'must be a column of a model (Invoice.number), a model and a name (Invoice, "number"), '
    'or a text "table.column", not {!r}'
)


class ColumnName(NamedTuple):
    """A column, as the database names it.

    Attributes:
        table: where it is. Not validated but quoted: the database may have any names.
        name: its name.
    """

    table: TableName
    name: str

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


def column_name(column: object, argument: str = "column") -> ColumnName:
    """The column that is meant.

    Args:
        column: any of the shapes above.
        argument: what the caller's own parameter is called, for the error.

    Raises:
        InvalidSequence: it is none of them, or names no column of a table.
    """
    found = _look(column)
    if found is None or "\0" in "".join(map(str, (*found.table, found.name))):
        raise InvalidSequence(argument, _SHAPES.format(column))
    return found


def primary_key(column: Any) -> ColumnName | None:
    """The primary key of the table that a column is of.

    None if it has several columns or none, or if the column is only named by a text.
    """
    if isinstance(column, tuple):
        model, name = column
        if not isinstance(getattr(getattr(model, "_meta", None), "fields_map", None), dict):
            return primary_key(getattr(model, name))
        return _from_field(model._meta.pk, model._meta)
    field = getattr(column, "field", column)
    meta = getattr(getattr(field, "model", None), "_meta", None)
    if meta is not None:
        return _from_field(meta.pk, meta)
    table = getattr(getattr(column, "expression", column), "table", None)
    keys = list(getattr(getattr(table, "primary_key", None), "columns", ()))
    return _look(keys[0]) if len(keys) == 1 else None


def direction(column: Any) -> tuple[object, bool]:
    """What is sorted by, and whether downwards.

    Args:
        column: any of the shapes above, SQLAlchemy's ``.desc()`` and ``.asc()`` of them, or a
            text (or the text in a pair) with "-" in front.
    """
    if isinstance(column, str):
        return column.removeprefix("-"), column.startswith("-")
    if isinstance(column, tuple) and len(column) == 2 and isinstance(column[1], str):
        model, name = column
        return (model, name.removeprefix("-")), name.startswith("-")
    modifier = getattr(getattr(column, "modifier", None), "__name__", None)
    if modifier in ("asc_op", "desc_op"):
        return getattr(column, "element", None), modifier == "desc_op"
    return column, False


def _look(column: Any) -> ColumnName | None:
    if isinstance(column, str):
        return _from_text(column)
    if isinstance(column, tuple):
        return _from_pair(*column) if len(column) == 2 else None
    field = getattr(column, "field", column)
    meta = getattr(getattr(field, "model", None), "_meta", None)
    if meta is not None:
        return _from_field(field, meta)
    return _from_sqlalchemy(getattr(column, "expression", column))


def _from_text(text: str) -> ColumnName | None:
    parts = text.split(".")
    if len(parts) not in (2, 3) or not all(parts):
        return None
    *schema, table, name = parts
    return ColumnName(TableName(table, *schema), name)


def _from_pair(model: Any, name: object) -> ColumnName | None:
    if not isinstance(name, str):
        return None
    fields = getattr(getattr(model, "_meta", None), "fields_map", None)
    if isinstance(fields, dict) and name in fields:  # Django's has only what others refer to
        return _from_field(fields[name], model._meta)
    attribute = getattr(model, name, None)
    return None if isinstance(attribute, str | tuple) else _look(attribute)


def _from_field(field: Any, meta: Any) -> ColumnName | None:
    table = getattr(meta, "db_table", None)
    name = getattr(field, "column", None)  # Django's
    if name is None:
        name = getattr(field, "source_field", None) or getattr(field, "model_field_name", None)
    if not isinstance(table, str) or not isinstance(name, str):
        return None
    return ColumnName(TableName(table, getattr(meta, "schema", None) or None), name)


def _from_sqlalchemy(column: Any) -> ColumnName | None:
    table, name = getattr(column, "table", None), getattr(column, "name", None)
    table_name = getattr(table, "name", None)
    if not isinstance(name, str) or not isinstance(table_name, str):
        return None
    if hasattr(table, "element"):  # an alias or a subquery: the database doesn't know it
        return None
    return ColumnName(TableName(table_name, getattr(table, "schema", None)), name)
