"""The two series of this company: what their numbers look like, and when they begin again.

API and worker import them from here, so that both draw from the same counters.
"""

from __future__ import annotations

from aseq.numbering import Numbering

# Each tenant has numbers of its own. Its name isn't printed, so two tenants may have an
# INV-2026-00001: the unique constraints in `models` have the tenant in them.
invoice_numbers = Numbering(
    "invoices", "INV-{year}-{number:05}", scope=["tenant"], period="year", tz="Europe/Paris"
)
credit_note_numbers = Numbering(
    "credit notes", "CN-{year}-{number:05}", scope=["tenant"], period="year", tz="Europe/Paris"
)
