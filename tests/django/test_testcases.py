"""Inside Django's own test cases: their transaction isn't the user's."""

from __future__ import annotations

from django.db import transaction
from django.test import TestCase, TransactionTestCase

from aseq.django import sync
from aseq.django.errors import NotInTransaction
from aseq.django.models import Sequence


class InTestCase(TestCase):
    databases = {"default", "sqlite"}  # noqa: RUF012

    def test_its_own_block_doesnt_count(self) -> None:
        for using in self.databases:
            with self.assertRaisesRegex(NotInTransaction, f"atomic.using='{using}'.:`$"):
                sync.get_next_value("cases", using=using)

    def test_a_block_of_the_test_does(self) -> None:
        for using in self.databases:
            with transaction.atomic(using=using):
                self.assertEqual(sync.get_next_value("cases", using=using), 1)
            self.assertEqual(sync.get_last_value("cases", using=using), 1)

    def test_each_test_starts_anew(self) -> None:
        for using in self.databases:
            self.assertIsNone(sync.get_last_value("cases", using=using))

    def test_the_setting_lets_it_count(self) -> None:
        with self.settings(ASEQ_REQUIRE_TRANSACTION=False):
            self.assertEqual(sync.get_next_value("cases"), 1)


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
                self.assertEqual(sync.get_next_value("cases", using=using), 1)
            self.assertTrue(Sequence.objects.using(using).filter(pk="cases").exists())
