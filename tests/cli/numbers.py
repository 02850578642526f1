"""What an application has, and the command is told by name."""

from __future__ import annotations

from aseq import AsyncSequence
from aseq.numbering import Numbering

CASES = AsyncSequence("cases", initial_value=100, step=10)
BILLS = Numbering("bills", "B-{number:03}", scope=["tenant"])
OTHER = {"not": "a numbering"}
