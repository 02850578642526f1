"""Inside Django's own test cases: their transaction isn't the user's."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.db import transaction
from django.test import TestCase, TransactionTestCase
from django.test.utils import override_settings

from aseq.django import aatomic, get_next_value, sync
from aseq.django.errors import NotInTransaction
from aseq.django.models import Sequence
from tests.django.shop.models import Saved


class InTestCase(TestCase):
    databases = {"default", "sqlite"}  # noqa: RUF012

    def test_its_own_block_doesnt_count(self) -> None:
        for using in self.databases:
            with self.assertRaisesRegex(NotInTransaction, f"atomic.using='{using}'.:`$"):
                sync.get_next_value("testcases", using=using)

    def test_a_block_of_the_test_does(self) -> None:
        for using in self.databases:
            with transaction.atomic(using=using):
                self.assertEqual(sync.get_next_value("testcases", using=using), 1)
            self.assertEqual(sync.get_last_value("testcases", using=using), 1)

    def test_each_test_starts_anew(self) -> None:
        for using in self.databases:
            self.assertIsNone(sync.get_last_value("testcases", using=using))

    def test_the_setting_lets_it_count(self) -> None:
        with self.settings(ASEQ_REQUIRE_TRANSACTION=False):
            self.assertEqual(sync.get_next_value("testcases"), 1)


@override_settings(ROOT_URLCONF="tests.django.shop.urls")
class AsyncInTestCase(TestCase):
    """What it does is rolled back with the rest, so each of the two starts anew."""

    databases = {"default", "sqlite"}  # noqa: RUF012

    async def test_blocks(self) -> None:
        for using in self.databases:
            with self.assertRaises(NotInTransaction):
                await get_next_value("testcases", using=using)
            async with aatomic(using, durable=True) as tx:
                self.assertEqual(await get_next_value("testcases", using=using), 1)
                tx.set_rollback()
            async with aatomic(using):
                self.assertEqual(await get_next_value("testcases", using=using), 1)
                self.assertEqual(
                    await sync_to_async(sync.get_next_value)("testcases", using=using), 2
                )

    test_blocks_again = test_blocks

    async def test_views(self) -> None:
        for expected in ({"numbers": [1]}, {}, {"numbers": [2]}):
            path = "/issue/testcases" + ("" if expected else "?fails")
            self.assertEqual((await self.async_client.get(path)).json(), expected)
        self.assertEqual(await Saved.objects.filter(name="testcases").acount(), 2)

    test_views_again = test_views

    def test_views_from_sync_code(self) -> None:
        self.assertEqual(self.client.get("/issue/testcases").json(), {"numbers": [1]})
        self.assertEqual(self.client.get("/two/testcases").json(), {"numbers": [2, 3]})


class AsyncInTransactionTestCase(TransactionTestCase):
    async def test_first(self) -> None:
        async with aatomic():
            self.assertEqual(await get_next_value("testcases"), 1)

    test_second = test_first


class InTransactionTestCase(TransactionTestCase):
    databases = {"default", "sqlite"}  # noqa: RUF012

    def test_first(self) -> None:
        self.draw()

    def test_second(self) -> None:
        self.draw()

    def draw(self) -> None:
        """The flush after each test empties the table."""
        for using in self.databases:
            with transaction.atomic(using=using):
                self.assertEqual(sync.get_next_value("testcases", using=using), 1)
            self.assertTrue(Sequence.objects.using(using).filter(pk="testcases").exists())
