"""The app's settings, read whenever they are used: `override_settings` works."""

from __future__ import annotations

from django.conf import settings

from aseq._core.spec import DEFAULT_TABLE, SEED_TABLE
from aseq._core.table import TableName


def table() -> str:
    """``ASEQ_TABLE``: the table of sequences, "aseq_sequence" unless told otherwise."""
    name: str = getattr(settings, "ASEQ_TABLE", DEFAULT_TABLE)
    return name


def require_transaction() -> bool:
    """``ASEQ_REQUIRE_TRANSACTION``: refuse to draw outside a transaction; True."""
    required: bool = getattr(settings, "ASEQ_REQUIRE_TRANSACTION", True)
    return required


def is_ours(name: str) -> bool:
    """Whether the table is the app's to create; not that of django-sequences."""
    return TableName.parse(name).name != SEED_TABLE


def db_table(name: str) -> str:
    """The table as a model's Meta takes it."""
    parsed = TableName.parse(name)
    # Django leaves a name alone that is quoted already.
    return name if parsed.schema is None else f'"{parsed.schema}"."{parsed.name}"'
