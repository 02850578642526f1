"""What hooks are told of Django's ways to draw. (A block's are in the contract suite.)"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction

from aseq.django import Issuer
from aseq.django import sync as aseq
from tests.django.shop.models import Paper
from tests.hooked import hooked


@pytest.fixture(autouse=True)
def _empty(using: str) -> Iterator[None]:
    yield
    Paper.objects.using(using).all().delete()


def test_sync_code(name: str, using: str) -> None:
    key = Paper.objects.using(using).create().pk
    issuer = Issuer(Paper, "number", f"{name}-paper", using=using)
    with hooked() as told:
        with transaction.atomic(using=using):
            aseq.get_next_value(name, using=using)
            aseq.get_next_values(3, name, using=using)
            aseq.get_last_value(name, using=using)
        issuer.issue_now(key)

    assert [(each.sequences, each.count) for each in told] == [
        ((name,), 1),
        ((name,), 3),
        ((f"{name}-paper",), 1),
    ]
    assert {(each.connection, each.outcome) for each in told} == {("django", "drawn")}
