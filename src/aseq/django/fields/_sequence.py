"""`SequenceField`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import BigIntegerField, Model

from aseq import AsyncSequence
from aseq.errors import InvalidSequence
from aseq.numbering import DocumentNumber, Numbering

from ._due import Claim
from ._numbered import NumberedField
from ._unsaved import Unsaved


class SequenceField(NumberedField, BigIntegerField):
    """An integer field that numbers each row without a gap when it is first saved.

        class Case(models.Model):
            number = SequenceField("cases", initial_value=1000, unique=True)

        with transaction.atomic():
            case = Case.objects.create()  # case.number is 1000

    The number is drawn when the row is inserted, in the `transaction.atomic` or `aatomic`
    block that saves it: by `save`, `create`, `bulk_create` (one statement for all rows of an
    INSERT), `get_or_create` and their async twins. Nothing is drawn for an empty form, for
    validation, for an update, for a fixture, or for a row that has a number. Until then the
    attribute is None. An object that is saved again after a rollback gets a new number.

    Not editable unless told otherwise. From the draw until the block ends, others wait.

    Args:
        sequence_name: 1 to 100 characters.
        initial_value: the first value.
        reset_value: start again with `initial_value` instead of reaching this.
        scope: rows are counted apart by these fields of theirs: names of scopes, with the
            names of the fields. The counter of ``{"tenant": "tenant_id"}`` is called
            "cases/tenant=7".
        **kwargs: those of `django.db.models.BigIntegerField`.

    Raises:
        InvalidSequence: from the definition, if a parameter can't work. From saving, if a
            scope's field has no value, or conflicts shall be ignored.
        NotInTransaction: from saving: no atomic block is open on the row's database.
        AseqError: from saving: any of those of `aseq.django.sync.get_next_value`.
    """

    non_db_attrs = (
        *NumberedField.non_db_attrs,
        *("sequence_name", "initial_value", "reset_value"),
    )

    def __init__(
        self,
        sequence_name: str,
        initial_value: int = 1,
        reset_value: int | None = None,
        *,
        scope: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.sequence_name = sequence_name
        self.initial_value, self.reset_value = initial_value, reset_value
        super().__init__(scope=scope, **kwargs)
        self._sequence = AsyncSequence(sequence_name, initial_value, reset_value)
        self._numbering: Numbering | None = None
        if self.scope:
            if reset_value is not None:
                raise InvalidSequence("reset_value", "can't be used with scope")
            self._numbering = Numbering(
                sequence_name, "{number}", scope=list(self.scope), initial_value=initial_value
            )

    def deconstruct(self) -> Any:
        """What migrations write down."""
        name, path, args, kwargs = super().deconstruct()
        kwargs["sequence_name"] = self.sequence_name
        if self.initial_value != 1:
            kwargs["initial_value"] = self.initial_value
        if self.reset_value is not None:
            kwargs["reset_value"] = self.reset_value
        return name, path, args, kwargs

    def claim(self, row: Model, alias: str, drawn_at: datetime | None) -> Claim:
        """What a row wants."""
        source = self._numbering and self._numbering.bind(**self._scope_of(row))
        return Claim(source or self._sequence, False, _integer, partial(self._save, row, alias))

    def _save(self, row: Model, alias: str, number: Any, unsaved: Unsaved | None) -> None:
        self._take(row, alias, _integer(number), None, unsaved)


def _integer(number: int | DocumentNumber) -> int:
    return number if isinstance(number, int) else number.number
