"""``python -m examples.invoices.worker``: the end of the month, without an event loop.

Numbers all drafts, a thousand in a transaction, while the API goes on. It may be killed and
run again at any time: what was committed keeps its numbers, and the rest is still a draft.
"""

from __future__ import annotations

from sqlalchemy.orm import Session, sessionmaker

from aseq import sync

from .db import make_sync_engine
from .models import Invoice
from .numbers import invoice_numbers
from .settings import Settings


def number_drafts(sessions: sessionmaker[Session], at_a_time: int = 1000) -> int:
    """Give each draft its number; how many there were."""
    numbers, total = sync.Numbering.of(invoice_numbers), 0
    while True:
        with sessions.begin() as session:
            done = sync.number_rows(
                session,
                numbers,
                Invoice.number,
                order_by=Invoice.id,
                scope={"tenant": Invoice.tenant},
                at_column=Invoice.issued_at,
                limit=at_a_time,
            )
        if not done.count:
            return total
        total += done.count


if __name__ == "__main__":
    engine = make_sync_engine(Settings.from_environment())
    print(f"{number_drafts(sessionmaker(engine))} drafts numbered")
    engine.dispose()
