"""Which database a call is about."""

from __future__ import annotations

from collections.abc import Callable

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model

NOT_INSTALLED = (
    'add "aseq.django" to INSTALLED_APPS, and run `manage.py migrate`: the table of sequences '
    "is that app's"
)


def alias(using: str | None, route: Callable[[type[Model]], str]) -> str:
    """The database to use: as told, or as the routers say.

    Args:
        using: a database alias, or None.
        route: the router's method for reading, or that for writing.

    Raises:
        ImproperlyConfigured: the app isn't installed.
    """
    # Models can't be imported before the apps are loaded.
    try:
        from .models import Sequence as SequenceModel
    except RuntimeError as exc:  # of Django's ModelBase
        if apps.is_installed("aseq.django"):
            raise
        raise ImproperlyConfigured(NOT_INSTALLED) from exc

    return using or route(SequenceModel)
