"""Issue invoices, some of which fail after they took their number."""

from __future__ import annotations

from django.test import TestCase

from aseq.testing import assert_gapless

from .models import Invoice


class InvoicesTest(TestCase):
    def test_a_refused_invoice_leaves_no_gap(self) -> None:
        statuses = [
            self.client.post("/invoices/", {"amount": amount}).status_code
            for amount in ("100", "nonsense", "200", "", "300")
        ]
        self.assertEqual(statuses, [201, 400, 201, 400, 201])
        assert_gapless(Invoice.objects.values_list("number", flat=True))

    def test_list(self) -> None:
        self.client.post("/invoices/", {"amount": "100"})
        self.assertEqual(
            self.client.get("/invoices/").json(), {"invoices": [{"number": 1, "amount": 100}]}
        )
