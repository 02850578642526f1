"""Issue invoices, some of which fail after they took their number."""

from __future__ import annotations

from django.core.handlers.asgi import ASGIHandler
from django.test import TestCase
from django.utils.module_loading import import_string

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

    async def test_a_refused_invoice_leaves_no_gap_in_an_async_view(self) -> None:
        responses = [
            await self.async_client.post("/invoices/async/", {"amount": amount})
            for amount in ("100", "nonsense", "200", "", "300")
        ]
        statuses = [response.status_code for response in responses]
        self.assertEqual(statuses, [201, 400, 201, 400, 201])
        numbers = Invoice.objects.order_by("number").values_list("number", flat=True)
        self.assertEqual([number async for number in numbers], [1, 2, 3])

    async def test_a_credit_note_gets_its_number_late(self) -> None:
        created = [
            await self.async_client.post("/credit-notes/", {"amount": amount})
            for amount in ("100", "nonsense", "200")
        ]
        self.assertEqual([each.status_code for each in created], [201, 400, 201])
        first, last = created[0].json(), created[2].json()
        self.assertRegex(first["number"], r"^CN-\d{4}-00001$")
        self.assertRegex(last["number"], r"^CN-\d{4}-00002$")
        again = await self.async_client.post(f"/credit-notes/{first['id']}/number/")
        self.assertEqual(again.json(), first)
        missing = await self.async_client.post("/credit-notes/99/number/")
        self.assertEqual(missing.status_code, 404)

    def test_what_an_asgi_server_runs(self) -> None:
        self.assertIsInstance(import_string("shop.asgi.application"), ASGIHandler)

    def test_list(self) -> None:
        self.client.post("/invoices/", {"amount": "100"})
        self.assertEqual(
            self.client.get("/invoices/").json(), {"invoices": [{"number": 1, "amount": 100}]}
        )
