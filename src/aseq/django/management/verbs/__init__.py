"""The verbs of ``manage.py aseq``: a module for each, and their list."""

from __future__ import annotations

from .advance import Advance
from .audit import Audit
from .base import Verb
from .holders import Holders
from .list import List
from .number_rows import NumberRows
from .show import Show
from .take_over import TakeOver
from .take_over_table import TakeOverTable

VERBS: tuple[type[Verb], ...] = (
    *(List, Show, Holders, Audit, Advance),
    *(TakeOver, TakeOverTable, NumberRows),
)
"""In the order in which ``--help`` shows them."""
