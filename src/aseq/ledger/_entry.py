"""What a caller says of a number beside drawing it: valid, or refused before it is drawn."""

from __future__ import annotations

from typing import NamedTuple

from aseq._core.statement import Bind
from aseq.errors import InvalidSequence

KEY_LIMIT = 200
"""Characters that a key may have."""
BY_LIMIT = 100
"""Characters that the name of who did it may have."""


class Entry(NamedTuple):
    """What goes into the ledger with a number.

    Attributes:
        key: of the document; empty if it has none.
        by: who has it issued; empty if nobody said.
        note: anything; empty if there is none.
    """

    key: str = ""
    by: str = ""
    note: str = ""

    @classmethod
    def of(cls, key: object, by: object, note: object) -> Entry:
        """The entry for the arguments of these names.

        Raises:
            InvalidSequence: one of them doesn't fit into its column.
        """
        return cls(
            "" if key is None else text("key", key, KEY_LIMIT),
            writer(by),
            "" if note is None else text("note", note),
        )

    @property
    def binds(self) -> dict[str, Bind]:
        """The values, by their names in the texts."""
        return {"key": self.key, "by": self.by, "note": self.note}


def writer(by: object) -> str:
    """The text for the argument ``by``; empty if nobody said."""
    return "" if by is None else text("by", by, BY_LIMIT)


def text(argument: str, value: object, limit: int | None = None) -> str:
    """A text for a column.

    Args:
        argument: what the caller's own parameter is called.
        value: what was passed.
        limit: how many characters the column takes.

    Raises:
        InvalidSequence: it isn't a text, is blank or too long, or no database takes it.
    """
    if not isinstance(value, str):
        raise InvalidSequence(
            argument, f"must be a str, not {type(value).__name__}; str(...) makes one"
        )
    if not value.strip():
        raise InvalidSequence(argument, "must not be empty")
    if limit is not None and len(value) > limit:
        raise InvalidSequence(
            argument, f"must have at most {limit} characters: this one has {len(value)}"
        )
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise InvalidSequence(
            argument, "must not contain a NUL character or half a surrogate pair"
        )
    return value
