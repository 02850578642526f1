"""A check of the models: a default that draws a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from django.apps import AppConfig, apps
from django.core import checks
from django.db.models import Field, Model

from aseq import AsyncSequence, django
from aseq.django import sync
from aseq.numbering._spec import NumberingSpec

_DRAWS = ("get_next_value", "get_next_values", "advance_to")
_FUNCTIONS = [getattr(module, name) for module in (sync, django) for name in _DRAWS]
_SEQUENCES = (sync.Sequence, django.Sequence, AsyncSequence, NumberingSpec)


@checks.register("aseq", checks.Tags.models)
def check_defaults(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """aseq.W004: a field's default draws a number."""
    configs = apps.get_app_configs() if app_configs is None else app_configs
    return [
        message
        for config in configs
        for model in config.get_models(include_auto_created=True)
        for field in model._meta.local_fields
        if field.has_default() and _draws(field.default)
        for message in _default(model, field)
    ]


def _draws(default: Callable[[], object]) -> bool:
    """Whether it is one of ours. Functions that call one can't be seen through."""
    while isinstance(default, partial):
        default = default.func
    return default in _FUNCTIONS or isinstance(getattr(default, "__self__", None), _SEQUENCES)


def _default(model: type[Model], field: Field) -> Iterator[checks.CheckMessage]:
    name = model.__name__
    yield checks.Warning(
        "The default draws a number whenever an object is made, also for an empty form that "
        "is never saved: the number is lost.",
        hint="Make it a SequenceField (of aseq.django.fields), which draws when a row is first "
        "saved. Or remove the default, and draw where the row is saved, inside "
        f"`transaction.atomic()`: {name}.objects.create({field.name}=get_next_value(...))",
        obj=field,
        id="aseq.W004",
    )
