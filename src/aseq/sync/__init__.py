"""The verbs of aseq without an event loop: for workers and scripts beside an async API.

They draw from the same sequences, with the same errors. In Django, use `aseq.django.sync`.
"""

from __future__ import annotations

from ._connection import Connection
from ._schema import create_table, drop_table
from ._sequence import Sequence

__all__ = (
    "Connection",
    "Sequence",
    "create_table",
    "drop_table",
)
