"""The app's settings, read whenever they are used: `override_settings` works.

Only the model's own table is fixed when the process starts, as for any model.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from aseq._core.spec import DEFAULT_TABLE, DJANGO_SEQUENCES_TABLE, SequenceSpec
from aseq._core.table import TableName
from aseq.errors import InvalidSequence

Spec = TypeVar("Spec", bound=SequenceSpec)


def table() -> str:
    """``ASEQ_TABLE``: the table of sequences, "aseq_sequence" unless told otherwise."""
    name: str = getattr(settings, "ASEQ_TABLE", DEFAULT_TABLE)
    return name


def require_transaction() -> bool:
    """``ASEQ_REQUIRE_TRANSACTION``: refuse to draw outside a transaction; True."""
    required: bool = getattr(settings, "ASEQ_REQUIRE_TRANSACTION", True)
    return required


def adapt(spec: Spec) -> Spec:
    """A sequence as the project has it: an `AsyncSequence` knows nothing of settings.

    It is in the project's table, unless it names another one. (The default's name stands for
    the project's table: "schema.aseq_sequence" is another one.) Whether its callers queue
    follows from the table.
    """
    where = table() if spec.table == DEFAULT_TABLE else spec.table
    required = spec.require_transaction and require_transaction()
    if (where, required) == (spec.table, spec.require_transaction):
        return spec
    return replace(spec, table=where, require_transaction=required)


def max_blocks() -> int:
    """``ASEQ_MAX_BLOCKS``: how many `aatomic` blocks have a thread of their own at once; 20.

    Raises:
        ImproperlyConfigured: it isn't a whole number from 1 on.
    """
    number = getattr(settings, "ASEQ_MAX_BLOCKS", 20)
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ImproperlyConfigured(
            f"ASEQ_MAX_BLOCKS must be a whole number of at least 1, not {number!r}."
        )
    return number


def db_table() -> str:
    """The table as a model's Meta takes it."""
    name = _table_name()
    # Django leaves a name alone that is quoted already.
    return name.name if name.schema is None else f'"{name.schema}"."{name.name}"'


def managed() -> bool:
    """Whether the table is the app's to create; not that of django-sequences."""
    return _table_name().name != DJANGO_SEQUENCES_TABLE


def _table_name() -> TableName:
    try:
        return TableName.parse(table())
    except InvalidSequence:
        # Let the models load, so that the check aseq.E001 can say what is wrong.
        return TableName(DEFAULT_TABLE)
