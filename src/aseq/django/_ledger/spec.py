"""What the `Ledger` of sync code and that of async code have in common."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import router

from aseq.django._allocate import place
from aseq.django._sequence.parameters import alias
from aseq.ledger._spec import LedgerSpec


@dataclass(frozen=True, slots=True)
class DjangoLedger(LedgerSpec):
    """A ledger's parameters, and the database that has it."""

    using: str | None = None

    def _alias(self, what: object) -> str:
        """The database that a call about a sequence or a numbering is on.

        Raises:
            InvalidSequence: the two are in different ones.
        """
        return alias(place((what,), self.using), router.db_for_write)
