"""`NumberingField`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pkgutil import resolve_name
from typing import Any, cast

from django.core.exceptions import ImproperlyConfigured
from django.db.models import CharField, Model

from aseq.errors import InvalidSequence
from aseq.numbering import DocumentNumber
from aseq.numbering._days import moment
from aseq.numbering._spec import NumberingSpec

from ._due import Claim
from ._moment import AtField
from ._numbered import NumberedField
from ._unsaved import Unsaved

_LENGTH = 100

_SHAPES = (
    'must be the import path of a numbering, such as "shop.numbers.invoice_numbers", or a '
    "function that returns one, not {!r}: migrations can't write down the object itself"
)


class NumberingField(NumberedField, CharField):
    """A text field that gives each row a document number when it is first saved.

        class Invoice(models.Model):
            tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT)
            number = NumberingField(
                "shop.numbers.invoice_numbers",
                scope={"tenant": "tenant"}, at_field="issued_at",
            )
            issued_at = models.DateTimeField(editable=False)

        with transaction.atomic():
            invoice = Invoice.objects.create(tenant=tenant)  # INV-2026-00001

    The number is drawn when the row is inserted, as of a `SequenceField`: inside an atomic
    block only, and with one statement for all rows of an INSERT.

    Args:
        numbering: a `Numbering`, of `aseq.numbering` or `aseq.django`: its import path, or a
            function without parameters that returns it. (Which database it is `using` doesn't
            matter: numbers come from the one that the row is saved in.)
        scope: where the numbering's scopes come from: their names, with the names of fields
            of the same model.
        at_field: the name of a `DateTimeField` of the same model, defined after this one. It
            receives the moment that the number is of. If the row has one already, that
            decides the period: for documents that are dated back.
        **kwargs: those of `django.db.models.CharField`; `max_length` is 100 by default.

    Raises:
        InvalidSequence: from the definition, if `numbering` is neither. From saving, if a
            scope's field has no value, or conflicts shall be ignored.
        NotInTransaction: from saving: no atomic block is open on the row's database.
        AseqError: from saving: any of those of `aseq.django.sync.Numbering.next`.
    """

    non_db_attrs = (*NumberedField.non_db_attrs, "numbering", "at_field")

    def __init__(
        self,
        numbering: str | Callable[[], NumberingSpec],
        *,
        scope: Mapping[str, str] | None = None,
        at_field: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not (isinstance(numbering, str) or callable(numbering)):
            raise InvalidSequence("numbering", _SHAPES.format(numbering))
        self.numbering, self.at_field = numbering, at_field
        kwargs.setdefault("max_length", _LENGTH)
        super().__init__(scope=scope, **kwargs)

    def deconstruct(self) -> Any:
        """What migrations write down."""
        name, path, args, kwargs = super().deconstruct()
        kwargs["numbering"] = self.numbering
        if self.at_field is not None:
            kwargs["at_field"] = self.at_field
        if kwargs.get("max_length") == _LENGTH:
            del kwargs["max_length"]
        return name, path, args, kwargs

    def found_numbering(self) -> NumberingSpec:
        """The numbering itself.

        Raises:
            ImproperlyConfigured: there is none.
        """
        if isinstance(self.numbering, str):
            try:
                found = resolve_name(self.numbering)
            except (ImportError, AttributeError, ValueError) as exc:
                raise ImproperlyConfigured(
                    f"{self}: can't import the numbering {self.numbering!r}: {exc}"
                ) from exc
        else:
            found = self.numbering()
        if not isinstance(found, NumberingSpec):
            raise ImproperlyConfigured(f"{self}: {self.numbering!r} is no Numbering: {found!r}")
        return found

    def found_at_field(self) -> AtField | None:
        """The field that receives the moment.

        Raises:
            ImproperlyConfigured: it can't.
        """
        return None if self.at_field is None else AtField.find(self, self.at_field)

    def claim(self, row: Model, alias: str, drawn_at: datetime | None) -> Claim:
        """What a row wants."""
        spec, target = self.found_numbering(), self.found_at_field()
        bound = spec.bind(**self._scope_of(row))
        save = partial(self._save, row, alias, target)
        given = target and target.given(row, drawn_at)
        if given is None:
            return Claim(cast("Any", bound), False, str, save)
        at, scope = moment(given), bound._bound_scope()
        period = bound.span(at).period

        def document(number: int) -> DocumentNumber:
            return bound.document(number, at, scope, period)

        return Claim(
            bound.counter(scope, period),
            True,
            lambda number: document(number).text,
            lambda number, unsaved: save(document(number), unsaved),
        )

    def _save(
        self,
        row: Model,
        alias: str,
        target: AtField | None,
        number: DocumentNumber,
        unsaved: Unsaved | None,
    ) -> None:
        at = None if target is None else target.receive(row, number.at)
        self._take(row, alias, number.text, at, unsaved)
