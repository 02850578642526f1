"""`timeout=` in Django's functions and methods: sync and async, on both databases."""

from __future__ import annotations

import inspect
import math
from typing import Any, NamedTuple

import pytest
from asgiref.sync import async_to_sync
from django.db import connections, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext, override_settings

import aseq
import aseq.django
from aseq.django import aatomic, sync
from aseq.django.errors import SequenceLocked
from tests.django.shop.models import Saved
from tests.django.threads import DEADLINE, elsewhere

# The name of a function and of a method, what comes before the sequence's name, and what it
# gives after one number was drawn.
VERBS: list[tuple[str, tuple[int, ...], object]] = [
    ("get_next_value", (), 2),
    ("get_next_values", (3,), range(2, 5)),
    ("advance_to", (7,), 7),
    ("delete", (), True),
]


class Verb(NamedTuple):
    """One of them, as a function or as a method of `Sequence`."""

    name: str
    args: tuple[int, ...]
    expected: object
    method: bool

    def __call__(self, wing: Any, name: str, *, using: str, **keywords: Any) -> Any:
        if self.method:
            sequence = wing.Sequence(name, using=using)
            return getattr(sequence, self.name)(*self.args, **keywords)
        return getattr(wing, self.name)(*self.args, name, using=using, **keywords)


@pytest.fixture(
    params=[Verb(*each, method) for each in VERBS for method in (False, True)],
    ids=lambda verb: ("method " if verb.method else "") + verb.name,
)
def verb(request: pytest.FixtureRequest) -> Verb:
    found: Verb = request.param
    return found


@pytest.fixture(autouse=True)
def _deferred(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite begins its transactions without a lock: else BEGIN waits, and not the draw."""
    connections["sqlite"].close()
    monkeypatch.setitem(
        connections["sqlite"].settings_dict["OPTIONS"], "transaction_mode", None
    )


def draw(name: str, using: str) -> int:
    return sync.get_next_value(name, using=using)


def check(exc: SequenceLocked, using: str) -> None:
    assert exc.waited is not None
    assert exc.waited >= 0.05
    assert aseq.is_retryable(exc)
    assert ("aborted the transaction" in str(exc)) == (using == "default")


def timeouts() -> tuple[str, int]:
    """The settings that a wait is bounded by, as they are now on both databases."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        [lock_timeout] = cursor.fetchone()
    with connections["sqlite"].cursor() as cursor:
        [busy_timeout] = cursor.execute("PRAGMA busy_timeout").fetchone()
    return lock_timeout, busy_timeout


def test_in_sync_code(name: str, using: str, verb: Verb) -> None:
    with transaction.atomic(using=using):
        draw(name, using)
    before = timeouts()
    with transaction.atomic(using=using):
        with elsewhere(lambda: sync.advance_to(1, name, using=using), using):
            # Gives up long before the other one does.
            with pytest.raises(SequenceLocked) as caught, transaction.atomic(using=using):
                verb(sync, name, using=using, timeout=0.05)
            check(caught.value, using)
        assert timeouts() == before
        assert verb(sync, name, using=using, timeout=DEADLINE) == verb.expected
        assert timeouts() == before
        Saved.objects.using(using).create(name=name, number=0)
    assert Saved.objects.using(using).filter(name=name).exists()


async def held(name: str, using: str, verb: Verb) -> None:
    async with aatomic(using):
        with elsewhere(lambda: sync.advance_to(1, name, using=using), using):
            with pytest.raises(SequenceLocked) as caught:
                async with aatomic(using):
                    await verb(aseq.django, name, using=using, timeout=0.05)
            check(caught.value, using)
        assert await verb(aseq.django, name, using=using, timeout=DEADLINE) == verb.expected
        await Saved.objects.using(using).acreate(name=name, number=0)


async def test_in_async_code(name: str, using: str, verb: Verb) -> None:
    async with aatomic(using):
        await aseq.django.get_next_value(name, using=using)
    await held(name, using, verb)
    async with aatomic(using):
        assert await Saved.objects.using(using).filter(name=name).aexists()


def test_on_postgresql_the_block_can_only_be_rolled_back(name: str) -> None:
    with elsewhere(lambda: draw(name, "default"), "default"), transaction.atomic():
        with pytest.raises(SequenceLocked, match="aborted the transaction"):
            sync.get_next_value(name, timeout=0.05)
        with pytest.raises(TransactionManagementError):
            Saved.objects.create(name=name, number=0)


def test_on_sqlite_the_block_stays_usable(name: str) -> None:
    with transaction.atomic(using="sqlite"):
        with (
            elsewhere(lambda: draw(name, "sqlite"), "sqlite"),
            pytest.raises(SequenceLocked),
        ):
            sync.get_next_value(name, timeout=0.05, using="sqlite")
        assert sync.get_next_value(name, timeout=0.05, using="sqlite") == 2


@pytest.mark.parametrize("required", [True, False])
def test_what_cant_be_is_refused_before_anything_is_sent(
    name: str, using: str, verb: Verb, required: bool
) -> None:
    """Also where no block is open; and where none must be, none is opened for it."""

    async def in_async_code(**bad: Any) -> None:
        await verb(aseq.django, name, using=using, **bad)

    wrong: list[dict[str, Any]] = [
        {"timeout": timeout} for timeout in (0, -1, math.inf, math.nan, True, "1")
    ]
    if "nowait" in inspect.signature(getattr(sync.Sequence, verb.name)).parameters:
        wrong.append({"timeout": 1, "nowait": True})
    with (
        override_settings(ASEQ_REQUIRE_TRANSACTION=required),
        CaptureQueriesContext(connections[using]) as queries,
    ):
        for bad in wrong:
            with pytest.raises(ValueError, match=r"^timeout "):
                verb(sync, name, using=using, **bad)
            with pytest.raises(ValueError, match=r"^timeout "):
                async_to_sync(in_async_code)(**bad)
    assert not queries


def test_an_empty_batch_is_asked_for_in_a_time_that_can_be() -> None:
    with pytest.raises(aseq.InvalidSequence):
        sync.get_next_values(0, timeout=-1)
    with pytest.raises(aseq.InvalidSequence):
        async_to_sync(aseq.django.get_next_values)(0, timeout=-1)
    assert sync.get_next_values(0, timeout=1) == range(0)
