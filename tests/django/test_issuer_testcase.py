"""In a test that rolls back, an issuer sees the test's rows and commits nothing."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from asgiref.sync import async_to_sync
from django.db import IntegrityError
from django.db.transaction import TransactionManagementError
from django.test import TestCase

from aseq.django import Issuer, aatomic
from tests.django.shop.models import Paper


class InTestCase(TestCase):
    databases: ClassVar = {"default", "sqlite"}

    async def test_it_sees_the_tests_own_rows(self) -> None:
        for using in ("default", "sqlite"):
            issuer = Issuer(Paper, "number", "in-testcase", using=using)
            keys = [(await Paper.objects.using(using).acreate()).pk for _ in range(5)]
            told = await asyncio.gather(*map(issuer.issue, keys))
            self.assertEqual(sorted(told), [1, 2, 3, 4, 5])
            bad = await Paper.objects.using(using).acreate(text="bad")
            with self.assertRaises(IntegrityError):
                await issuer.issue(bad.pk)
            self.assertEqual(await issuer.issue(keys[0]), told[0])

    async def test_inside_of_a_block_it_would_wait_for_ever(self) -> None:
        issuer = Issuer(Paper, "number", "in-testcase")
        async with aatomic():
            draft = await Paper.objects.acreate()
            with self.assertRaisesRegex(TransactionManagementError, "leave the block"):
                await issuer.issue(draft.pk)
        self.assertEqual(await issuer.issue(draft.pk), 1)

    def test_sync_code_sees_them_too(self) -> None:
        issuer = Issuer(Paper, "number", "in-testcase")
        draft = Paper.objects.create()
        self.assertEqual(issuer.issue_now(draft.pk), 1)
        self.assertEqual(async_to_sync(issuer.issue)(Paper.objects.create().pk), 2)
