"""What a database reported, whichever it was."""

from __future__ import annotations

from aseq._core.dialects import DIALECTS
from aseq._core.failure import Code, chain


def code(exc: BaseException) -> Code | None:
    """The first code that a dialect knows in the chain of an error."""
    for item in chain(exc):
        for dialect in DIALECTS.values():
            found = dialect.code(item)
            if found is not None:
                return found
    return None
