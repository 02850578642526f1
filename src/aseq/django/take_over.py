"""Going on where another numbering stopped. Forward only, so it can be repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.core.management.base import CommandError
from django.db import DatabaseError, connections, router, transaction
from django.db.models import Field, IntegerField, Max, Model

from aseq._core.table import TableName
from aseq._drive_sync import read_on_sync
from aseq._exit_codes import ExitCode
from aseq.numbering import Unread
from aseq.numbering._spec import NumberingSpec
from aseq.numbering._take_over import reading

from . import conf
from .connection import DjangoConnection
from .models import Sequence as SequenceModel
from .sync import Sequence

_ROWS = "SELECT name, last FROM $table ORDER BY name"


def advance(name: str, value: int, *, using: str | None = None) -> tuple[int | None, int]:
    """Move a sequence forward to `value`, never back, in a transaction.

    Args:
        name: of the sequence.
        value: the new last value.
        using: a database alias; None asks the routers, for writing.

    Returns:
        the last value before and after: what it was when the sequence's lock was taken.
    """
    using = using or router.db_for_write(SequenceModel)
    return _move(Sequence(name, using=using), value, using)


def _move(sequence: Sequence, value: int, using: str) -> tuple[int | None, int]:
    with transaction.atomic(using=using):
        before = sequence.get_last_value()
        if before is not None:
            # Moves nothing, but waits for who is drawing, and sees what they drew.
            before = sequence.advance_to(before)
        return before, sequence.advance_to(value)


def from_table(table: str, *, using: str) -> dict[str, tuple[int | None, int]]:
    """Advance every sequence to its last value in a table like that of django-sequences.

    Args:
        table: "table" or "schema.table", with the columns "name" and "last".
        using: the alias of the database that has both tables.

    Returns:
        the last values before and after, by name.
    """
    source = TableName.parse(table)
    if source == TableName.parse(conf.table()):
        raise CommandError(f"{table} is the table in use: there is nothing to take over")
    # All or nothing; in the order of their names, so that nobody deadlocks.
    with transaction.atomic(using=using):
        dialect = DjangoConnection(using).dialect
        rows = _rows(dialect.on_table(_ROWS, source), table, using)
        return {name: advance(name, last, using=using) for name, last in rows}


def _rows(sql: str, table: str, using: str) -> list[tuple[str, int]]:
    try:
        with connections[using].cursor() as cursor:
            cursor.execute(sql)
            rows: list[tuple[str, int]] = cursor.fetchall()
            return rows
    except DatabaseError as exc:
        text = f"can't read name and last of table {table}: {exc}"
        raise CommandError(text, returncode=ExitCode.DATABASE) from exc


def from_field(path: str, name: str, *, using: str) -> tuple[int | None, int]:
    """Advance a sequence to the greatest number that a model's field has.

    Args:
        path: "app.Model.field".
        name: of the sequence.
        using: the alias of the database that has both tables.

    Returns:
        the sequence's last value before and after.
    """
    model, field = field_of(path)
    if not isinstance(field, IntegerField):
        raise CommandError(f"{path} isn't a field of integers")
    with transaction.atomic(using=using):
        rows = model._base_manager.using(using)
        try:
            greatest = rows.aggregate(greatest=Max(field.name))["greatest"]
        except DatabaseError as exc:
            text = _elsewhere(path, model, using)
            raise CommandError(text, returncode=ExitCode.DATABASE) from exc
        if greatest is None:
            raise CommandError(f"{path} has no numbers in database {using!r}")
        return advance(name, greatest, using=using)


def from_texts(
    path: str,
    numbering: NumberingSpec,
    *,
    fields: Mapping[str, str],
    values: Mapping[str, str],
    using: str,
) -> tuple[dict[str, tuple[int | None, int]], list[Unread]]:
    """Advance each counter of a numbering to the furthest number that a model's field has.

    Args:
        path: "app.Model.field".
        numbering: whose numbers they are.
        fields: the names of the model's fields that tell scopes which aren't printed.
        values: the values of such scopes, the same for all rows.
        using: the alias of the database that has both tables.

    Returns:
        the last values before and after, by the counters' names; and what couldn't be read.
    """
    model, field = field_of(path)
    label = model._meta.label
    beside = {name: field_of(f"{label}.{other}")[1] for name, other in fields.items()}
    plan = cast("Any", reading(numbering.bind(**values), field, beside))
    with transaction.atomic(using=using):
        about = conf.adapt(numbering.counter((), None))
        try:
            furthest = read_on_sync(about, plan, DjangoConnection(using))
        except DatabaseError as exc:
            text = _elsewhere(path, model, using)
            raise CommandError(text, returncode=ExitCode.DATABASE) from exc
        order = furthest.in_order()
        if not (order or furthest.unread):
            raise CommandError(f"{path} has no numbers in database {using!r}")
        moves = {
            sequence.name: _move(Sequence._of(sequence, using), number, using)
            for sequence, number in order
        }
    return moves, furthest.unread


def _elsewhere(path: str, model: type[Model], using: str) -> str:
    return (
        f"can't read {path} in database {using!r}. (The routers read it from "
        f"{router.db_for_read(model)!r}.) --database names the one that has both the rows and "
        "their sequence"
    )


def field_of(path: str) -> tuple[type[Model], Field]:
    """The model and the field that "app.Model.field" names."""
    label, _, name = path.rpartition(".")
    try:
        model = apps.get_model(label)
        field = model._meta.get_field(name)
    except (LookupError, ValueError, FieldDoesNotExist) as exc:
        raise CommandError(f"{path!r} isn't app.Model.field: {exc}") from exc
    if not isinstance(field, Field):
        raise CommandError(f"{path!r} isn't a field that is saved")
    return model, field
