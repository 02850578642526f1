"""What each kind of database is asked about rows that wait for a number.

Keys, moments and scopes come back as one JSON list for each row, in which every connection
leaves them alone: ``[key, moment, scope, scope, ...]``. They go there as one JSON text too,
however many they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from aseq._core.statement import Template
from aseq._core.waiting import Wait
from aseq._core.wants import LIMIT
from aseq._sql import Binds
from aseq._sql import named as quoted

from ._place import Catalogue, Place

MOST = LIMIT + 1
"""How many scopes are asked for: one more than one call may queue for."""


@dataclass(frozen=True, slots=True)
class Search:
    """Which rows without a number are wanted, and in which order.

    Attributes:
        where: a condition of the caller's, in SQL.
        order: names of columns, and whether downwards.
        limit: how many rows at most.
        wait: whether to wait for rows that others have locked, instead of leaving them out.
    """

    where: str | None = None
    order: tuple[tuple[str, bool], ...] = ()
    limit: int | None = None
    wait: bool = False


class Texts(Catalogue, Protocol):
    """What one kind of database is asked.

    Attributes:
        has_queues: whether there are queues to stand in before rows are locked.
        hurry: what an issuer says first in its transaction, so that nothing waits longer than
            a moment for a lock; empty where a statement can be told so.
        as_before: what it says at the end, then.
    """

    has_queues: bool = True
    hurry: str = ""
    as_before: str = ""

    def queue(self, wait: Wait) -> Template:
        """Takes the places in the queues ``:queues``, a JSON list, in its order."""
        ...

    def hold(self) -> Template | None:
        """Locks the row of the counter ``:name`` within ``:timeout`` milliseconds.

        There is a row if it is there: how many milliseconds have passed. None where a draw
        can be told how long it may wait.
        """
        return None

    def peek(self, place: Place, keys: str) -> str:
        """The rows with these keys: the key's place among them, the number, the draft."""
        ...

    def lock(self, place: Place, keys: str) -> str:
        """Those of these rows that have no number and are free: place, draft. Locks them."""
        ...

    def survey(self, place: Place, search: Search, besides: str | None, bind: Binds) -> str:
        """The different scopes among the rows that are searched.

        Args:
            place: where.
            search: which rows.
            besides: scopes to leave out, as a JSON list.
            bind: for values.

        Returns:
            a draft for each, and one more if some have a value that is NULL; at most `MOST`.
        """
        ...

    def search(self, place: Place, search: Search, scopes: str | None, bind: Binds) -> str:
        """Lock rows without a number, of these scopes: draft, and how many others have.

        There is a row in any case: without a draft, if none was free.
        """
        ...

    def waiting(
        self, place: Place, search: Search, scopes: str | None, bind: Binds
    ) -> str | None:
        """How many rows are without a number, whoever has locked them; None if `search` tells.

        Then `search` gives no row if none was free.
        """
        return None

    def save(self, place: Place, rows: str, *, briefly: bool) -> str:
        """Write the numbers ``rows``, a JSON list: key and number, as the row has it now.

        Args:
            place: where.
            rows: the numbers, with their keys.
            briefly: wait no longer than a moment for a lock, where only the statement can be
                told so.
        """
        ...

    def saved(self, place: Place, rows: str) -> str | None:
        """Key and number of the rows that were written; None if `save` tells."""
        return None


class Term(NamedTuple):
    """One column to sort by.

    Attributes:
        column: quoted.
        how: its direction.
    """

    column: str
    how: str


def ordering(search: Search, place: Place) -> list[Term]:
    """What to sort by: the caller's columns, and then the key, so that the order is one."""
    order = [*search.order]
    if place.target.key not in dict(order):
        order.append((place.target.key, False))
    # NULL is greater than all else, as PostgreSQL has it.
    return [
        Term(quoted(name), "DESC NULLS FIRST" if down else "ASC NULLS LAST")
        for name, down in order
    ]


def order_by(terms: Sequence[Term]) -> str:
    """The clause that sorts by them."""
    return " ORDER BY " + ", ".join(f"{column} {how}" for column, how in terms)


def waiting_rows(search: Search, place: Place, more: str = "") -> str:
    """The condition of rows without a number that are searched."""
    # On lines of its own: it may end in a comment.
    where = f" AND (\n{search.where}\n)" if search.where else ""
    return f"{place.number} IS NULL{more}{where}"


def named(place: Place, of: str = "") -> str:
    """The columns of a draft, by the names that the rest knows.

    Args:
        place: where.
        of: in front of each column.
    """
    at = "CAST(NULL AS text)"
    if place.target.at_from:
        at = of + quoted(place.target.at_from)
    scopes = (f", CAST({of}{scope} AS text) AS s{i}" for i, scope in enumerate(place.scopes))
    return f"{of}{place.key} AS k, {at} AS a{''.join(scopes)}"


def limited(search: Search) -> str:
    """The limit of a search."""
    return "" if search.limit is None else f" LIMIT {search.limit}"


def scope_names(place: Place) -> list[str]:
    """The names of a draft's scopes in `named`."""
    return [f"s{i}" for i in range(len(place.scopes))]


def is_incomplete(place: Place) -> str:
    """The condition of a draft without one of its values."""
    needed = ["k", *scope_names(place), *(["a"] if place.target.at_from else [])]
    return " OR ".join(f"{name} IS NULL" for name in needed)
