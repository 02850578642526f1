"""What the two fields have in common: when a row is numbered, and on which connection."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Any

from django.core import checks
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model

from aseq.django._private import inserted_rows, minds_conflicts
from aseq.errors import InvalidSequence

from ._checks import check_field
from ._drawn import Drawn, drawn_for, note
from ._due import Claim, Due, draw
from ._unsaved import Unsaved

_CONFLICTS = (
    "can't be used while {} draws a number for each row: that of a row which isn't inserted "
    "would be lost. Leave those rows out, or set their numbers"
)


class NumberedField(Field):
    """A field that draws its value from a gapless sequence when a row is first saved."""

    empty_strings_allowed = False  # what has no number yet is None
    non_db_attrs = (*Field.non_db_attrs, "scope")

    def __init__(self, *, scope: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        self.scope = dict(scope or {})
        kwargs.setdefault("editable", False)
        kwargs.setdefault("blank", True)
        super().__init__(**kwargs)

    @abstractmethod
    def claim(self, row: Model, alias: str, drawn_at: datetime | None) -> Claim:
        """What a row wants."""

    def deconstruct(self) -> Any:
        """What migrations write down."""
        name, path, args, kwargs = super().deconstruct()
        path = path.replace(".fields._sequence.", ".fields.")
        path = path.replace(".fields._numbering.", ".fields.")
        if self.scope:
            kwargs["scope"] = self.scope
        for option, usual in (("editable", False), ("blank", True)):
            kwargs.pop(option, None)
            if getattr(self, option) != usual:
                kwargs[option] = not usual
        return name, path, args, kwargs

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        """Check what every field does, and what would lose or repeat numbers."""
        return [*super().check(**kwargs), *check_field(self)]

    def pre_save(self, model_instance: Model, add: bool) -> Any:
        """The value; when the row is inserted without one, a number that is due."""
        if add and self._is_due(model_instance):
            return Due(partial(self._number, model_instance))
        return super().pre_save(model_instance, add)

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """The value as the database takes it; drawn now, if it is due."""
        if isinstance(value, Due):
            value = value.number(connection)
        return super().get_db_prep_save(value, connection)

    def _is_due(self, row: Model, alias: str | None = None) -> bool:
        """Whether a row that is inserted needs a number; on any database, or on that one."""
        if getattr(row, self.attname) in (None, ""):
            return True
        drawn = drawn_for(row, self.attname)
        if drawn is None or drawn.is_being_saved:
            return False
        return alias in (None, drawn.alias)

    def _number(self, row: Model, query: Any, connection: BaseDatabaseWrapper) -> object:
        """The row's number, drawn together with all that are due in the same INSERT."""
        if self._is_due(row, connection.alias):
            fields, rows = inserted_rows(query)
            if not any(one is row for one in rows):
                fields, rows = [self], [row]
            if minds_conflicts(query):
                raise InvalidSequence("ignore_conflicts", _CONFLICTS.format(self))
            claims = [
                field._claim(one, connection.alias)
                for field in fields
                if isinstance(field, NumberedField)
                for one in rows
                if field._is_due(one, connection.alias)
            ]
            draw(claims, self.model._meta.db_table, connection)
        return getattr(row, self.attname)

    def _claim(self, row: Model, alias: str) -> Claim:
        drawn = drawn_for(row, self.attname)
        return self.claim(row, alias, None if drawn is None else drawn.at)

    def _take(
        self, row: Model, alias: str, value: object, at: Any, unsaved: Unsaved | None
    ) -> None:
        """Let the row have its number."""
        setattr(row, self.attname, value)
        if unsaved is not None:  # else it is committed already, and stays with the row
            note(row, self.attname, Drawn(alias, value, at, unsaved))

    def _scope_of(self, row: Model) -> dict[str, str | int | Enum]:
        """The scopes that the row's other fields have."""
        return {name: self._scope_value(name, field, row) for name, field in self.scope.items()}

    def _scope_value(self, name: str, field: str, row: Model) -> str | int | Enum:
        value = getattr(row, self.model._meta.get_field(field).attname)
        if value is None:
            raise InvalidSequence(
                name, f"is missing: {self.model.__name__}.{field} is None, and {self} needs it"
            )
        return value if isinstance(value, str | int | Enum) else str(value)
