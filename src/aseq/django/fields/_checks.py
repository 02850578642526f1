"""System checks of fields that number themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core import checks
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db.models import Field, UniqueConstraint


def check_field(field: Any) -> Iterator[checks.CheckMessage]:
    """aseq.E005 to E009: the field can't work. W007, W008: numbers twice, or never none."""
    yield from _numbering(field)
    yield from _scope(field)
    yield from _default(field)
    yield from _primary_key(field)
    yield from _unique(field)
    if field.null:
        yield checks.Warning(
            "null=True has no use: each row is numbered when it is first saved.",
            hint="Remove null=True. For drafts, which are numbered later, use an ordinary "
            "field, and draw where they are issued.",
            obj=field,
            id="aseq.W008",
        )


def _numbering(field: Any) -> Iterator[checks.CheckMessage]:
    find = getattr(field, "found_numbering", None)
    if find is None:
        return
    try:
        scopes = {*find().scopes} - {*find().bound}
    except ImproperlyConfigured as exc:
        yield checks.Error(str(exc), obj=field, id="aseq.E005")
        return
    if scopes != {*field.scope}:
        wanted = ", ".join(sorted(scopes)) or "none"
        yield checks.Error(
            f"scope must tell where these scopes of the numbering come from: {wanted}.",
            hint='For example scope={"tenant": "tenant_id"}.',
            obj=field,
            id="aseq.E006",
        )
    try:
        field.found_at_field()
    except ImproperlyConfigured as exc:
        yield checks.Error(str(exc), obj=field, id="aseq.E007")


def _scope(field: Any) -> Iterator[checks.CheckMessage]:
    for name in field.scope.values():
        try:
            found = field.model._meta.get_field(name)
        except FieldDoesNotExist:
            found = None
        if not isinstance(found, Field):
            yield checks.Error(
                f"scope names {name!r}, which is no field of {field.model.__name__}.",
                obj=field,
                id="aseq.E006",
            )


def _default(field: Any) -> Iterator[checks.CheckMessage]:
    if field.has_default() or field.has_db_default():
        yield checks.Error(
            "A default takes the place of the number, which is then never drawn.",
            hint="Remove default= and db_default=.",
            obj=field,
            id="aseq.E008",
        )


def _primary_key(field: Any) -> Iterator[checks.CheckMessage]:
    # After a rollback an object keeps its key, and the number is given to another row. Saved
    # again, the object would UPDATE that row: Django goes by the key.
    if field.primary_key:
        yield checks.Error(
            "A number can't be the primary key: an object that is saved again after a rollback "
            "would overwrite the row that has the number by then.",
            hint="Give the model another primary key, and the number unique=True.",
            obj=field,
            id="aseq.E009",
        )


def _unique(field: Any) -> Iterator[checks.CheckMessage]:
    meta = field.model._meta
    together = [
        *meta.unique_together,
        *(each.fields for each in meta.constraints if isinstance(each, UniqueConstraint)),
    ]
    loops = getattr(field, "reset_value", None) is not None
    if field.unique or loops or any(field.name in names for names in together):
        return
    names = ", ".join(repr(name) for name in [*field.scope.values(), field.name])
    yield checks.Warning(
        "Nothing keeps two rows from having the same number, if somebody sets one by hand.",
        hint=f"UniqueConstraint(fields=[{names}], name=...) in the model's Meta"
        if field.scope
        else "unique=True",
        obj=field,
        id="aseq.W007",
    )
