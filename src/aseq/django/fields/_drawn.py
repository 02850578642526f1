"""What a row's own field has drawn for it, kept with the row.

An object keeps its number when its transaction is rolled back, as it keeps the key that
the database gave it. Saved again, it must not go on with that number, which was given to
somebody else meanwhile. So a number that was drawn, and not set by hand, is drawn again
whenever the object is inserted again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model

from ._unsaved import Unsaved

_STATE = "aseq_drawn"


@dataclass
class Drawn:
    """A number that a field has drawn for a row.

    Attributes:
        alias: the database.
        value: what the field holds since then.
        at: what its `at_field` holds since then.
        unsaved: what watches for the INSERT.
    """

    alias: str
    value: object
    at: datetime | None
    unsaved: Unsaved | None

    @property
    def is_being_saved(self) -> bool:
        """Whether it was drawn for the INSERT that is just being put together."""
        return self.unsaved is not None and self.unsaved.waiting

    def __getstate__(self) -> dict[str, object]:
        # An object can be pickled and copied; a connection can't.
        return {**self.__dict__, "unsaved": None}


def drawn_for(row: Model, attname: str) -> Drawn | None:
    """What was drawn for a row, if its field still holds that."""
    found: Drawn | None = getattr(row._state, _STATE, {}).get(attname)
    return found if found is not None and found.value == getattr(row, attname) else None


def note(row: Any, attname: str, drawn: Drawn) -> None:
    """Note what was drawn for a row."""
    # Not changed in place: copies of the row have the same.
    setattr(row._state, _STATE, {**getattr(row._state, _STATE, {}), attname: drawn})
