"""Moving sequences forward by hand: for the admin and the command."""

from __future__ import annotations

from django.db import router, transaction

from .models import Sequence as SequenceModel
from .sync import Sequence


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
    sequence = Sequence(name, using=using)
    with transaction.atomic(using=using):
        before = sequence.get_last_value()
        if before is not None:
            # Moves nothing, but waits for who is drawing, and sees what they drew.
            before = sequence.advance_to(before)
        return before, sequence.advance_to(value)
