"""An audit inside Django's TestCase, whose transaction nobody else waits for."""

from __future__ import annotations

from django.db import connections, transaction
from django.test import TestCase

from aseq.audit import Range
from aseq.django import sync
from aseq.django.audit import audit
from tests.django.shop.models import Invoice


class InATestCase(TestCase):
    databases = ("default", "sqlite")

    def test_it_is_not_refused(self) -> None:
        for using in connections:
            with transaction.atomic(using=using):
                sync.get_next_value("fresh", using=using)
                [series] = audit(
                    Invoice.number, "fresh", where="number < 0", using=using
                ).series
                assert series.missing == (Range(1, 1, 1),)
