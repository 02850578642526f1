"""The verbs of aseq without an event loop: for workers and scripts beside an async API.

They draw from the same sequences, with the same errors. In Django, use `aseq.django.sync`.
"""

from __future__ import annotations

from ._allocate import allocate
from ._audit import audit
from ._connection import Connection
from ._ledger import Ledger
from ._number_rows import number_rows
from ._numbering import Numbering
from ._schema import create_table, drop_table
from ._sequence import Sequence

__all__ = (
    "Connection",
    "Ledger",
    "Numbering",
    "Sequence",
    "allocate",
    "audit",
    "create_table",
    "drop_table",
    "number_rows",
)
