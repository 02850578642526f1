"""What the threads of a storm do, and what is left of it."""

from __future__ import annotations

import random
from collections.abc import Callable

from django.db import transaction

from tests.django.shop.models import Saved

Draw = Callable[[], int]
SEED = "sequences_sequence"


def work(draw: Draw, name: str, using: str, rounds: int = 25) -> None:
    """Draw and save; roll back some transactions, and some savepoints."""
    chance = random.Random()
    for _ in range(rounds):
        with transaction.atomic(using=using):
            with transaction.atomic(using=using):
                Saved.objects.using(using).create(name=name, number=draw())
                transaction.set_rollback(chance.random() < 0.2, using=using)
            Saved.objects.using(using).create(name=name, number=draw())
            transaction.set_rollback(chance.random() < 0.3, using=using)


def saved(name: str, using: str) -> list[int]:
    return list(Saved.objects.using(using).filter(name=name).values_list("number", flat=True))
