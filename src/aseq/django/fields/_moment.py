"""The field beside a number that receives its moment."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple, Self

from django.conf import settings
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db.models import DateTimeField, Field, Model
from django.utils import timezone


class AtField(NamedTuple):
    """A `DateTimeField` that receives moments.

    Attributes:
        attname: its name.
    """

    attname: str

    @classmethod
    def find(cls, number: Field, name: str) -> Self:
        """The field of that name.

        Args:
            number: the field that has the number.
            name: as it was told.

        Raises:
            ImproperlyConfigured: it can't receive a moment.
        """
        problem = _problem(number, name)
        if problem is not None:
            raise ImproperlyConfigured(f"{number}: at_field {name!r} {problem}")
        return cls(name)

    def given(self, row: Model, drawn: datetime | None) -> datetime | None:
        """The moment that a row has, unless it was drawn for it; with a time zone."""
        at: Any = getattr(row, self.attname)
        if not isinstance(at, datetime) or at == drawn:
            return None
        return timezone.make_aware(at) if timezone.is_naive(at) else at

    def receive(self, row: Model, at: datetime) -> datetime:
        """Let a row have its moment, as the project's datetimes are."""
        mine = at if settings.USE_TZ else timezone.make_naive(at)
        setattr(row, self.attname, mine)
        return mine


def _problem(number: Field, name: str) -> str | None:
    try:
        field = number.model._meta.get_field(name)
    except FieldDoesNotExist:
        return "doesn't exist"
    if not isinstance(field, DateTimeField) or field.model is not number.model:
        return f"must be a DateTimeField of {number.model.__name__}"
    if field.auto_now or field.auto_now_add or field.has_default() or field.has_db_default():
        return "must not have a default, nor auto_now or auto_now_add: its moment is drawn"
    fields = number.model._meta.local_fields
    if fields.index(field) < fields.index(number):
        return "must be defined after the number, which comes with its moment"
    return None
