"""Scopes: their values, and the names of counters that they become part of."""

from __future__ import annotations

import copy
import enum
import itertools
import pickle
import uuid
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aseq import InvalidSequence
from aseq.numbering import Numbering
from aseq.numbering._scope import counter_name


class Branch(enum.Enum):
    NORTH = "N"
    SOUTH = 7


class Plain(enum.IntEnum):
    ONE = 1


class Word(enum.StrEnum):
    A = "a/b"


TENANTS = Numbering("invoices", "{entity}-{number}", scope=["tenant"])


def name_of(numbering: Numbering, **scope: Any) -> str:
    return numbering.counter(numbering.scope_of(scope), None).name


# (value, as it stands in the counter's name)
VALUES: list[tuple[Any, str]] = [
    ("acme", "acme"),
    ("Größe", "Größe"),
    ("株式会社", "株式会社"),
    ("العربية", "العربية"),
    ("🧾🧾", "🧾🧾"),
    ("a/b", "a%2Fb"),
    ("a=b", "a%3Db"),
    ("100%", "100%25"),
    ("%2F", "%252F"),
    ("a b\n'\";--", "a b\n'\";--"),
    (" ", " "),
    (7, "7"),
    (-7, "-7"),
    (Branch.NORTH, "N"),
    (Branch.SOUTH, "7"),
    (Plain.ONE, "1"),
    (Word.A, "a%2Fb"),
]


@pytest.mark.parametrize(("value", "escaped"), VALUES)
def test_values_stand_in_the_name(value: Any, escaped: str) -> None:
    assert name_of(TENANTS, tenant=value, entity="x") == f"invoices/entity=x/tenant={escaped}"


OTHERS = (
    "must be a str, an int or an Enum of these, not {}; str(...) makes one of others, such as "
    "a UUID"
)
UNFIT = "must not contain a NUL character or half a surrogate pair"

# (value, text of the error)
REFUSED: list[tuple[Any, str]] = [
    ("", "must not be empty"),
    (None, OTHERS.format("NoneType")),
    (True, OTHERS.format("bool")),
    (1.0, OTHERS.format("float")),
    (b"a", OTHERS.format("bytes")),
    (uuid.UUID(int=7), OTHERS.format("UUID")),
    ("a\0b", UNFIT),
    ("a\ud800", UNFIT),
]


@pytest.mark.parametrize(("value", "text"), REFUSED)
def test_values_that_cannot_be(value: Any, text: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        TENANTS.bind(tenant=value)

    assert str(caught.value) == f"tenant {text}"
    assert caught.value.argument == "tenant"


def test_an_empty_enum_member_is_refused() -> None:
    empty = enum.Enum("empty", {"NOTHING": "", "TRUE": True, "HALF": 0.5})

    for member in empty:
        with pytest.raises(InvalidSequence):
            TENANTS.bind(tenant=member)


def test_all_scopes_must_be_there_and_no_others() -> None:
    with pytest.raises(InvalidSequence) as missing:
        TENANTS.scope_of({"tenant": 1})
    with pytest.raises(InvalidSequence) as extra:
        TENANTS.scope_of({"tenant": 1, "entity": "x", "branch": 2})
    with pytest.raises(InvalidSequence) as none:
        Numbering("n", "{number}").bind(tenant=1)

    assert str(missing.value) == "entity is missing: pass it as entity=..."
    assert str(extra.value) == "branch is no scope of this numbering: it has entity, tenant"
    assert str(none.value) == "tenant is no scope of this numbering: it has none"


def test_binding_fills_in_some_or_all() -> None:
    some = TENANTS.bind(tenant=7)
    whole = some.bind(entity="FR")

    assert (TENANTS.bound, some.bound) == ({}, {"tenant": "7"})
    assert whole.bound == {"entity": "FR", "tenant": "7"}
    assert whole == TENANTS.bind(entity="FR", tenant="7")
    assert len({TENANTS, some, whole, TENANTS.bind(entity="FR").bind(tenant=7)}) == 3
    assert type(whole) is Numbering
    assert whole.bind() == whole
    for twin in (copy.copy(whole), copy.deepcopy(whole), pickle.loads(pickle.dumps(whole))):
        assert twin == whole
        assert hash(twin) == hash(whole)
        assert name_of(twin) == "invoices/entity=FR/tenant=7"
    with pytest.raises(InvalidSequence) as caught:
        some.bind(tenant=8)
    assert str(caught.value) == "tenant is bound to '7' already"


def test_a_printed_value_cannot_contain_what_follows_it() -> None:
    numbers = Numbering("n", "{a}--{b}-{number}")

    assert numbers.bind(a="x-y", b="x.y").bound == {"a": "x-y", "b": "x.y"}
    for name, value, until in (
        ("a", "x--y", "--"),
        ("a", "x-", "--"),  # x---: where does it end?
        ("b", "-", "-"),
        ("b", "x-", "-"),
    ):
        with pytest.raises(InvalidSequence) as caught:
            numbers.bind(**{name: value})
        assert str(caught.value) == (
            f"{name} must not contain {until!r}, which stands behind it in the pattern: with "
            f"{value!r}, another scope could print the same text"
        )
    assert Numbering("n", "{number}-{a}").bind(a="-x-").bound == {"a": "-x-"}


def test_a_name_that_is_too_long_says_who_is_to_blame() -> None:
    room = 100 - len("invoices/entity=x/tenant=")
    assert len(name_of(TENANTS, tenant="x" * room, entity="x")) == 100
    assert len(name_of(TENANTS, tenant="🧾" * room, entity="x")) == 100

    for value, taken in (("x" * (room + 1), room + 1), ("/" * 26, 78), ("x" * 100, 100)):
        with pytest.raises(InvalidSequence) as caught:
            name_of(TENANTS, tenant=value, entity="x")
        assert caught.value.argument == "tenant"
        total = taken + 100 - room
        assert str(caught.value).startswith(
            f"tenant is too long: it takes {taken} of the {total} characters of the "
            "counter's name, which has room for 100 ('invoices/entity=x/tenant="
        )


def test_a_series_that_leaves_no_room_is_refused_at_once() -> None:
    Numbering("x" * 95, "{year}-{number}", period="year", tz="UTC")

    for pattern in "{year}-{number}", "{a}-{year}-{number}":
        with pytest.raises(InvalidSequence) as caught:
            Numbering("x" * 96, pattern, period="year", tz="UTC")
        assert str(caught.value).startswith("name is too long: it takes 96 of the 10")


# (argument, text of the error)
NO_SCOPES: list[tuple[Any, str]] = [
    ("tenant", "scope must be a list of names, not 'tenant'"),
    (None, "scope must be a list of names, not None"),
    ([1], "scope has 1, which can't be a keyword argument"),
    (["a b"], "scope has 'a b', which can't be a keyword argument"),
    (["class"], "scope has 'class', which can't be a keyword argument"),
    ([""], "scope has '', which can't be a keyword argument"),
    *(
        ([name], f"scope has {name!r}, which means something else in a call")
        for name in ("at", "nowait", "timeout", "count", "number", "text", "check", "year")
    ),
]


@pytest.mark.parametrize(("argument", "text"), NO_SCOPES)
def test_names_that_no_scope_can_have(argument: Any, text: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        Numbering("n", "{number}", scope=argument)

    assert str(caught.value) == text


def test_neither_order_nor_pattern_decide_the_name() -> None:
    one = Numbering("n", "{number}", scope=["b", "a", "b"])
    other = Numbering("n", "{a}-{number}", scope=("b",))

    assert one.scope == ("a", "b")
    assert name_of(one, a=1, b=2) == name_of(other, b=2, a=1) == "n/a=1/b=2"


NASTY = ("a", "/", "=", "%", "%2F", "%25", "b=", "/b=1", "2026", "a/b=1", "é", "🧾")


def test_no_two_scopes_meet() -> None:
    """A search: all short values made of what could be taken for something else."""
    values = ["".join(two) for two in itertools.product(NASTY, repeat=2)]
    names = {
        counter_name(series, scope, period)
        for series in ("n", "n/a=1", "n/2026", "n%2Fa=1")
        for period in (None, "2026", "FY2026")
        for scope in (
            (),
            *((("a", value),) for value in values),
            *((("a", one), ("b", other)) for one in values[:40] for other in values[:40]),
        )
    }

    assert len(names) == 4 * 3 * (1 + len(values) + 40 * 40)


text = st.text(min_size=1, max_size=12)


@given(series=text, values=st.lists(text, max_size=3), period=st.sampled_from([None, "2026"]))
def test_a_name_can_be_taken_apart_again(
    series: str, values: list[str], period: str | None
) -> None:
    scope = tuple(zip("abc", values, strict=False))
    series_part, *others = counter_name(series, scope, period).split("/")
    pairs = [part.split("=") for part in others if "=" in part]

    assert unquote(series_part) == series
    assert tuple((name, unquote(value)) for name, value in pairs) == scope
    assert [part for part in others if "=" not in part] == ([period] if period else [])
