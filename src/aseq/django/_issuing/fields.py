"""From a model and the names of its fields to the columns that an issuer knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

from aseq._sequence import AsyncSequence
from aseq.django._numbering.spec import DjangoNumbering
from aseq.django._sequence.parameters import Parameters
from aseq.errors import InvalidSequence
from aseq.issuing._book import Bookkeeper
from aseq.issuing._target import Target, What, target
from aseq.numbering import Numbering


def target_of(
    model: type[Model],
    field: str,
    what: object,
    *,
    scope: Mapping[str, str] | None,
    at_field: str | None,
    ledger: Bookkeeper | None = None,
    by: str | None = None,
) -> Target:
    """The target that names of fields mean.

    Raises:
        InvalidSequence: there is no such field, or it can't be used.
    """
    if not (isinstance(model, type) and issubclass(model, Model)):
        raise InvalidSequence("model", f"must be a model, not {model!r}")
    if scope is not None and not isinstance(scope, Mapping):
        raise InvalidSequence(
            "scope",
            f'must name a field for each scope, as {{"tenant": "tenant"}}, not {scope!r}',
        )
    scopes = {name: column(model, each, "scope") for name, each in (scope or {}).items()}
    moment = None if at_field is None else column(model, at_field, "at_field")
    try:
        return target(
            plain(what),
            column(model, field, "field"),
            scope=scopes,
            at_column=moment,
            ledger=ledger,
            by=by,
        )
    except InvalidSequence as exc:
        if exc.argument != "at_column":
            raise
        raise InvalidSequence("at_field", exc.problem) from None


def column(model: type[Model], name: str, argument: str) -> Any:
    """The field of a model that has a column.

    Raises:
        InvalidSequence: there is none.
    """
    try:
        field = model._meta.get_field(name)
    except (FieldDoesNotExist, TypeError):
        field = None
    if getattr(field, "column", None) is None:
        problem = f"can't be {name!r}: {model._meta.label} has no such field with a column"
        raise InvalidSequence(argument, problem)
    return field


def plain(what: object) -> What:
    """What gives the numbers, as `aseq` itself knows it.

    Raises:
        InvalidSequence: it is neither a sequence nor a numbering.
    """
    if isinstance(what, str):
        return AsyncSequence(what)
    if isinstance(what, Parameters):
        # In the default table, which stands for the project's: see `conf.adapt`.
        first, reset = what.initial_value, what.reset_value
        return AsyncSequence(what.sequence_name, first, reset, **what._more)
    if isinstance(what, DjangoNumbering):
        return _numbering(what)
    if isinstance(what, AsyncSequence | Numbering):
        return what
    raise InvalidSequence("what", f"must be a Sequence, its name, or a Numbering, not {what!r}")


def _numbering(what: DjangoNumbering) -> Numbering:
    numbering = Numbering(
        what.name,
        what.pattern,
        scope=what.scope,
        period=what.period,
        tz=what.tz,
        step=what.step,
        initial_value=what.initial_value,
        check=what.check,
        table=what.table,
        fair=what.fair,
        require_transaction=what.require_transaction,
    )
    return numbering.bind(**what.bound)
