"""Numbers for all rows of one INSERT, drawn at once while it is put together.

Django asks a field for the value of each row (``pre_save``), and then to prepare that for a
connection (``get_db_prep_save``): `SQLInsertCompiler.pre_save_val` and `prepare_value` in
django/db/models/sql/compiler.py. Only the second knows the connection. An expression is
told in between which query it is part of (``resolve_expression``), and that knows all rows.
So `pre_save` gives a `Due`; and when the first of them is asked for its number, those of
all rows are drawn in one statement. `Model.save` and `bulk_create` come this way, and their
async twins; fixtures, which are saved as they are, don't, nor does an UPDATE.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple, Self

from django.db.backends.base.base import BaseDatabaseWrapper

from aseq._core.allocation import Allocation, count_drawn
from aseq._core.counter import Drawable
from aseq._core.waiting import AS_LONG_AS_IT_TAKES
from aseq._drive_sync import run_on_sync
from aseq.django import conf
from aseq.django.connection import DjangoConnection
from aseq.django.errors import NotInTransaction

from ._unsaved import Unsaved


class Due:
    """In the place of a number that is due. Django takes it for an expression.

    Args:
        draw: given the query and the connection, makes sure that there is a number, and
            gives it.
    """

    contains_aggregate: ClassVar = False
    contains_column_references: ClassVar = False
    contains_over_clause: ClassVar = False

    def __init__(self, draw: Callable[[Any, BaseDatabaseWrapper], object]) -> None:
        self._draw, self._query = draw, None

    def resolve_expression(self, query: Any, *args: Any, **kwargs: Any) -> Self:
        """Learn which query it is part of."""
        self._query = query
        return self

    def number(self, connection: BaseDatabaseWrapper) -> object:
        """The number, on the connection that saves it."""
        return self._draw(self._query, connection)


class Claim(NamedTuple):
    """A number that one field of one row wants.

    Attributes:
        source: what it is drawn from.
        dated: whether it is of a moment that the row has already.
        value: what the field holds then, made of what was drawn.
        take: given what was drawn, and what watches until it is saved.
    """

    source: Drawable[Any]
    dated: bool
    value: Callable[[Any], object]
    take: Callable[[Any, Unsaved | None], None]


def draw(claims: Sequence[Claim], table: str, connection: BaseDatabaseWrapper) -> None:
    """Draw a number for each claim: in one statement, unless some are dated or elsewhere.

    Args:
        claims: at least one, in the order of the rows.
        table: that of the rows.
        connection: on which the rows are saved.

    Raises:
        NotInTransaction: no atomic block is open on it.
        AseqError: any of those of `allocate`. All are drawn, or none, or the block can only
            be rolled back.
    """
    batches = _batches(claims)
    ours = DjangoConnection(connection.alias)
    _check_block(batches[0].allocation, ours, connection)
    drawn = list[tuple[Claim, Any]]()
    try:
        for batch in batches:
            drawn += batch.draw(ours)
    except BaseException:
        if drawn:
            ours.abort()
        raise
    unsaved = None
    if connection.in_atomic_block:
        unsaved = Unsaved(connection, table, [claim.value(number) for claim, number in drawn])
    for claim, number in drawn:
        claim.take(number, unsaved)


class _Batch(NamedTuple):
    """Claims that one statement answers."""

    claims: dict[Any, list[Claim]]
    allocation: Allocation[Any]

    def draw(self, connection: DjangoConnection) -> list[tuple[Claim, Any]]:
        plan = self.allocation.plan(connection.dialect, AS_LONG_AS_IT_TAKES)
        subject = self.allocation.subject
        numbers = run_on_sync(subject, plan, connection, writes=True, drawn=count_drawn)
        return [
            pair
            for source, claims in self.claims.items()
            for pair in zip(claims, numbers[source], strict=True)
        ]


def _batches(claims: Sequence[Claim]) -> list[_Batch]:
    """Refuses what can't be, before anything is sent."""
    groups: dict[tuple[bool, str], dict[Any, list[Claim]]] = {}
    for claim in claims:
        place = claim.dated, conf.adapt(claim.source._counter().spec).table
        groups.setdefault(place, {}).setdefault(claim.source, []).append(claim)
    return [
        _Batch(group, Allocation({each: len(of) for each, of in group.items()}, conf.adapt))
        for _, group in sorted(groups.items())
    ]


def _check_block(
    allocation: Allocation[Any], ours: DjangoConnection, connection: BaseDatabaseWrapper
) -> None:
    """Refuse also a transaction without a block: nothing there notices a row that fails."""
    subject = allocation.subject
    if not subject.require_transaction or connection.in_atomic_block:
        return
    advice = ours.outside_transaction()
    how = f"use it inside `with transaction.atomic(using={connection.alias!r}):`"
    raise NotInTransaction(subject.name, advice or how)
