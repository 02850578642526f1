"""The functions of `aseq.django` and of `aseq.django.sync` are twins: pair by pair."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connections, transaction
from django.test.utils import override_settings

import aseq.django
from aseq.django import aatomic, sync

PAIRS = sync.__all__
FUNCTIONS = [pair for pair in PAIRS if pair[0].islower()]
NUMBERING = ["next", "next_many", "preview", "sequence", "take_over"]
METHODS = ["get_last_value", "get_next_value", "get_next_values", "advance_to", "delete"]

# (function, arguments before the name of the sequence, keywords), one after the other
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("get_last_value", (), {}),
    ("get_next_values", (0,), {}),
    ("get_next_values", (-1,), {}),
    ("get_next_values", (True,), {}),
    ("get_next_values", (2**63,), {}),
    ("advance_to", ("7",), {}),
    ("advance_to", (2**63,), {}),
    ("advance_to", (3,), {"reset_value": 3}),
    ("get_next_value", (), {"reset_value": 1}),
    ("delete", (), {}),
    ("get_next_value", (), {}),
    ("get_next_value", (), {"nowait": True}),
    ("get_next_value", (), {"nowait": True, "timeout": 1}),
    ("get_next_values", (0,), {"timeout": -1}),
    ("get_next_value", (), {"timeout": 20}),
    ("get_next_values", (3,), {}),
    ("advance_to", (9,), {}),
    ("advance_to", (8,), {}),
    ("get_last_value", (), {}),
    ("delete", (), {}),
    ("get_last_value", (), {}),
    ("advance_to", (2**63 - 1,), {}),
    ("get_next_values", (2,), {}),
    ("get_next_value", (), {}),
]


def signature(owner: object, name: str) -> tuple[object, object]:
    found = inspect.signature(getattr(owner, name))
    kept = [each.replace(annotation=str(each.annotation)) for each in found.parameters.values()]
    return kept, found.return_annotation


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_one_signature(name: str) -> None:
    assert signature(aseq.django, name) == signature(sync, name)
    assert getattr(aseq.django, f"a{name}") is getattr(aseq.django, name)


@pytest.mark.parametrize("name", ["__init__", "__repr__", *METHODS])
def test_methods_have_one_signature(name: str) -> None:
    assert signature(aseq.django.Sequence, name) == signature(sync.Sequence, name)


@pytest.mark.parametrize("name", ["__init__", "__repr__", "bind", "parse", *NUMBERING])
def test_methods_of_numberings_have_one_signature(name: str) -> None:
    assert signature(aseq.django.Numbering, name) == signature(sync.Numbering, name)


@pytest.mark.parametrize("name", NUMBERING)
def test_docstrings_of_numberings_tell_of_the_same_arguments(name: str) -> None:
    def arguments(owner: object) -> str:
        return (inspect.getdoc(getattr(owner, name)) or "").partition("Args:")[2]

    assert arguments(sync.Numbering)
    assert arguments(aseq.django.Numbering) == arguments(sync.Numbering)


@pytest.mark.parametrize("name", PAIRS)
def test_docstrings_tell_of_the_same_arguments(name: str) -> None:
    def arguments(owner: object) -> str:
        text = inspect.getdoc(getattr(owner, name)) or ""
        return text.partition("Args:")[2].partition("Raises:")[0]

    assert arguments(sync)
    assert arguments(aseq.django) == arguments(sync)


def the_sync_ones(name: str, using: str, *, block: bool) -> list[object]:
    def play() -> list[object]:
        answers = list[object]()
        for function, args, kwargs in CALLS:
            try:
                answer = getattr(sync, function)(*args, name, using=using, **kwargs)
                answers.append((function, args, answer))
            except Exception as exc:
                answers.append((function, args, told(exc)))
        return answers

    if not block:
        return play()
    with transaction.atomic(using=using):
        return play()


async def the_async_ones(name: str, using: str, *, block: bool) -> list[object]:
    async def play() -> list[object]:
        answers = list[object]()
        for function, args, kwargs in CALLS:
            try:
                answer = await getattr(aseq.django, function)(
                    *args, name, using=using, **kwargs
                )
                answers.append((function, args, answer))
            except Exception as exc:
                answers.append((function, args, told(exc)))
        return answers

    if not block:
        return await play()
    async with aatomic(using):
        return await play()


def told(exc: Exception) -> tuple[type, str]:
    """Of an error, all but the advice how to open a block."""
    return type(exc), str(exc).replace("async with aatomic", "with transaction.atomic")


async def delete(name: str, using: str) -> None:
    async with aatomic(using):
        await aseq.django.delete(name, using=using)


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("block", [True, False])
async def test_answers_are_the_same(name: str, using: str, block: bool, required: bool) -> None:
    """Also `get_next_values(0)` outside a block: it touches nothing, so it needs none."""
    try:
        await compare(name, using, block=block, required=required)
    finally:
        await sync_to_async(connections.close_all)()


async def compare(name: str, using: str, *, block: bool, required: bool) -> None:
    with override_settings(ASEQ_REQUIRE_TRANSACTION=required):
        expected = await sync_to_async(the_sync_ones)(name, using, block=block)
        await delete(name, using)
        assert await the_async_ones(name, using, block=block) == expected
        await delete(name, using)
    assert ("get_next_values", (0,), range(0)) in expected


def test_an_empty_batch_needs_no_block(name: str) -> None:
    assert async_to_sync(aseq.django.get_next_values)(0, name) == range(0)
    assert async_to_sync(aseq.django.Sequence(name).get_next_values)(0) == range(0)
