"""What the `Sequence` of sync code and that of async code have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, TypeVar

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model

from aseq._core.counter import Counter
from aseq._core.spec import Always, SequenceSpec
from aseq.django import conf

NOT_INSTALLED = (
    'add "aseq.django" to INSTALLED_APPS, and run `manage.py migrate`: the table of sequences '
    "is that app's"
)

Spec = TypeVar("Spec", bound=SequenceSpec)


class Parameters:
    """A sequence's parameters in the words of django-sequences, valid or refused."""

    def __init__(
        self,
        sequence_name: str = "default",
        initial_value: int = 1,
        reset_value: int | None = None,
        *,
        using: str | None = None,
    ) -> None:
        # Refuse here what can't work; the table comes from the settings, later.
        SequenceSpec(sequence_name, initial_value, reset_value)
        self.sequence_name = sequence_name
        self.initial_value = initial_value
        self.reset_value = reset_value
        self.using = using
        self._more: dict[str, Any] = {}

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.sequence_name!r}, {self.initial_value!r}, "
            f"{self.reset_value!r}, using={self.using!r})"
        )

    def _as(self, cls: type[Spec]) -> Spec:
        """The sequence, as the settings have it now."""
        return conf.adapt(
            cls(self.sequence_name, self.initial_value, self.reset_value, **self._more)
        )

    @classmethod
    def _of(cls, spec: SequenceSpec, using: str | None) -> Self:
        """A sequence that has parameters for which django-sequences has no words."""
        sequence = cls(spec.name, spec.initial_value, spec.reset_value, using=using)
        names = ("step", "table", "require_transaction", "fair", "queue")
        sequence._more = {name: getattr(spec, name) for name in names}
        return sequence

    def _counter(self) -> Counter[int]:
        return Always(self._as(SequenceSpec))

    def _alias(self, route: Callable[[type[Model]], str]) -> str:
        return alias(self.using, route)


def alias(using: str | None, route: Callable[[type[Model]], str]) -> str:
    """The database that a call is about: as told, or as the routers say.

    Args:
        using: as told.
        route: the routers' method for reading, or that for writing.

    Raises:
        ImproperlyConfigured: the app isn't installed.
    """
    # Models can't be imported before the apps are loaded.
    try:
        from aseq.django.models import Sequence as SequenceModel
    except RuntimeError as exc:  # of Django's ModelBase
        if apps.is_installed("aseq.django"):
            raise
        raise ImproperlyConfigured(NOT_INSTALLED) from exc

    return using or route(SequenceModel)
