"""aseq for Django: an installable app (``INSTALLED_APPS = ["aseq.django", ...]``).

For async code: `aatomic`, a transaction, and functions that draw in it. The functions
for sync code are in `aseq.django.sync`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._block.atomic import aatomic
    from .aio import (
        Issuer,
        Ledger,
        Numbering,
        Sequence,
        aadvance_to,
        aallocate,
        adelete,
        advance_to,
        aget_last_value,
        aget_next_value,
        aget_next_values,
        allocate,
        delete,
        get_last_value,
        get_next_value,
        get_next_values,
    )

__all__ = (
    "Issuer",
    "Ledger",
    "Numbering",
    "Sequence",
    "aadvance_to",
    "aallocate",
    "aatomic",
    "adelete",
    "advance_to",
    "aget_last_value",
    "aget_next_value",
    "aget_next_values",
    "allocate",
    "delete",
    "get_last_value",
    "get_next_value",
    "get_next_values",
)

if not TYPE_CHECKING:  # which would take any name for one that is there

    def __getattr__(name: str) -> Any:
        # Not before they are used: Django imports this module while it has no settings yet.
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from . import aio  # which has `aatomic`, too

        return getattr(aio, name)
