"""What fails after the draw, in sync code: the transaction can only be rolled back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from aseq import InvalidSequence, sync
from tests.sync.kinds import Kind


def test_what_cannot_be_printed_cannot_be_committed(
    kind: Kind, url: str, name: str, last: Callable[[str], int | None]
) -> None:
    """A check digit fails after the draw. The caller swallows that, and goes on."""
    broken = False

    def check(digits: str) -> str:
        if broken:
            raise RuntimeError("out of digits")
        return "7"

    numbers = sync.Numbering(name, "{number}", check=check)
    broken = True
    with kind.connect(url) as conn:
        with pytest.raises(InvalidSequence, match="out of digits") as caught:
            numbers.next(conn)
        with suppress(Exception):
            conn.commit()

    assert "made unusable" in caught.value.__notes__[0]
    assert last(name) is None
