"""Which sequences there can be, and what is said of the others."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import weakref
from typing import Any

import pytest

from aseq import AsyncSequence, InvalidSequence
from aseq._core.arithmetic import MAX, MIN, Cycle
from aseq._core.spec import SequenceSpec

TOO_FAR = "reset_value is too far from initial_value: a cycle and a step fit in 64 bits"
BEFORE = (
    "the sequence starts again before it gets there, and {} would leave no value from {} on"
)
PLAIN = (
    "must be a plain identifier of at most 52 ASCII letters, digits and underscores, or two "
    "with a dot between"
)

# (parameters, text of the error)
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name must have 1 to 100 characters: this one has 0"),
    ({"name": "x" * 101}, "name must have 1 to 100 characters: this one has 101"),
    ({"name": "ü" * 101}, "name must have 1 to 100 characters: this one has 101"),
    ({"name": "a\0b"}, "name must not contain a NUL character: databases refuse it"),
    ({"name": "a\ud800"}, "name must be valid Unicode: it contains half a surrogate pair"),
    ({"name": "\udfff"}, "name must be valid Unicode: it contains half a surrogate pair"),
    ({"name": None}, "name must be a str, not NoneType"),
    ({"name": 7}, "name must be a str, not int"),
    ({"name": b"a"}, "name must be a str, not bytes"),
    ({"initial_value": True}, "initial_value must be an integer, not True"),
    ({"initial_value": "1"}, "initial_value must be an integer, not '1'"),
    ({"initial_value": 1.0}, "initial_value must be an integer, not 1.0"),
    ({"initial_value": None}, "initial_value must be an integer, not None"),
    ({"initial_value": MAX + 1}, f"initial_value must fit in 64 bits: {MAX + 1} doesn't"),
    ({"initial_value": MIN - 1}, f"initial_value must fit in 64 bits: {MIN - 1} doesn't"),
    ({"step": 0}, "step must not be 0"),
    ({"step": False}, "step must be an integer, not False"),
    ({"step": "2"}, "step must be an integer, not '2'"),
    ({"step": MAX + 1}, f"step must fit in 64 bits: {MAX + 1} doesn't"),
    ({"step": MIN - 1}, f"step must fit in 64 bits: {MIN - 1} doesn't"),
    ({"reset_value": True}, "reset_value must be an integer, not True"),
    ({"reset_value": "9"}, "reset_value must be an integer, not '9'"),
    ({"reset_value": MAX + 1}, f"reset_value must fit in 64 bits: {MAX + 1} doesn't"),
    (
        {"reset_value": 1},
        f"reset_value must be greater than initial_value: {BEFORE.format(1, 1)}",
    ),
    (
        {"reset_value": -4},
        f"reset_value must be greater than initial_value: {BEFORE.format(-4, 1)}",
    ),
    (
        {"reset_value": 5, "step": -1},
        f"reset_value must be less than initial_value: {BEFORE.format(5, 1)}",
    ),
    ({"initial_value": MIN, "reset_value": MAX}, TOO_FAR),
    ({"initial_value": -1, "reset_value": MAX}, TOO_FAR),
    ({"initial_value": 0, "reset_value": MAX}, TOO_FAR),
    ({"initial_value": 0, "reset_value": MIN, "step": -1}, TOO_FAR),
    ({"reset_value": 9, "step": MAX}, TOO_FAR),
    ({"table": None}, "table must be a str, not NoneType"),
    (
        {"table": "a b"},
        f"table {PLAIN}: 'a b' isn't",
    ),
    ({"require_transaction": None}, "require_transaction must be True or False"),
    ({"require_transaction": 1}, "require_transaction must be True or False"),
    ({"fair": 0}, "fair must be True, False or None"),
    ({"fair": "yes"}, "fair must be True, False or None"),
    ({"queue": ""}, "queue must have 1 to 100 characters: this one has 0"),
    ({"queue": "x" * 101}, "queue must have 1 to 100 characters: this one has 101"),
    ({"queue": 7}, "queue must be a str, not int"),
    ({"queue": "a\0b"}, "queue must not contain a NUL character: databases refuse it"),
    ({"queue": "\udfff"}, "queue must be valid Unicode: it contains half a surrogate pair"),
]

ACCEPTED: list[dict[str, Any]] = [
    {},
    {"name": "x"},
    {"name": "x" * 100},
    {"name": "ü" * 100},
    {"name": "🧾\n'\"{}%$;--"},
    {"initial_value": MAX},
    {"initial_value": MIN},
    {"step": MAX},
    {"step": MIN},
    {"reset_value": 2},
    {"initial_value": 1, "reset_value": MAX},
    {"initial_value": -1, "reset_value": MIN, "step": -1},
    {"initial_value": MAX - 1, "reset_value": MAX},
    {"initial_value": MIN + 1, "reset_value": MIN, "step": -1},
    {"name": "invoices/2026", "queue": "invoices"},
    {"table": "billing.numbers", "require_transaction": False, "fair": False},
]

# (parameters, whether callers queue)
QUEUED: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"fair": False}, False),
    ({"fair": True}, True),
    ({"table": "sequences_sequence"}, False),
    ({"table": "public.sequences_sequence"}, False),
    ({"table": "sequences_sequence", "fair": True}, True),
    ({"table": "sequences_sequence.numbers"}, True),
]


@pytest.mark.parametrize("cls", [SequenceSpec, AsyncSequence])
@pytest.mark.parametrize(("parameters", "text"), REFUSED)
def test_refused(cls: type[SequenceSpec], parameters: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        cls(**parameters)

    assert str(caught.value) == text
    assert caught.value.argument in parameters or text == TOO_FAR


@pytest.mark.parametrize("parameters", ACCEPTED)
def test_accepted(parameters: dict[str, Any]) -> None:
    spec = SequenceSpec(**parameters)

    assert {key: getattr(spec, key) for key in parameters} == parameters


def test_defaults() -> None:
    assert dataclasses.asdict(SequenceSpec()) == {
        "name": "default",
        "initial_value": 1,
        "reset_value": None,
        "step": 1,
        "table": "aseq_sequence",
        "require_transaction": True,
        "fair": None,
        "queue": None,
    }


def test_the_first_three_parameters_are_the_seeds_and_positional() -> None:
    spec = SequenceSpec("cases", 5, 9)

    assert (spec.name, spec.initial_value, spec.reset_value) == ("cases", 5, 9)
    with pytest.raises(TypeError):
        SequenceSpec("cases", 5, 9, 1)  # type: ignore[call-arg]


@pytest.mark.parametrize(("parameters", "expected"), QUEUED)
def test_who_queues(parameters: dict[str, Any], expected: bool) -> None:
    assert SequenceSpec(**parameters)._queued is expected


def test_only_a_sequence_with_a_reset_value_has_a_cycle() -> None:
    assert SequenceSpec(initial_value=3)._cycle is None
    assert SequenceSpec("a", 3, 9, step=2)._cycle == Cycle(3, 2, 9)


@pytest.mark.parametrize("cls", [SequenceSpec, AsyncSequence])
def test_is_a_frozen_value(cls: type[SequenceSpec]) -> None:
    spec, same = cls("invoices", 5, 9), cls("invoices", initial_value=5, reset_value=9)

    assert spec == same
    assert {spec: 1}[same] == 1
    assert spec != cls("invoices", 5, 9, fair=True)
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.name = "other"  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        object.__setattr__(spec, "other", 1)


@pytest.mark.parametrize("cls", [SequenceSpec, AsyncSequence])
def test_can_be_pickled_copied_and_referenced_weakly(cls: type[SequenceSpec]) -> None:
    spec = cls("invoices", 5, 9, table="billing.numbers")

    assert weakref.ref(spec)() is spec
    for twin in (copy.copy(spec), copy.deepcopy(spec), pickle.loads(pickle.dumps(spec))):
        assert twin == spec
        assert type(twin) is cls
    with pytest.raises(InvalidSequence):
        dataclasses.replace(spec, step=0)


def test_hooks_call_it_by_its_name() -> None:
    assert SequenceSpec("invoices", queue="other")._series == ("invoices",)
