"""Which names a table may have."""

from __future__ import annotations

import copy
import pickle

import pytest

from aseq import InvalidSequence
from aseq._core.table import TableName

GOOD = [
    ("aseq_sequence", TableName("aseq_sequence")),
    ("billing.numbers", TableName("numbers", "billing")),
    ("_", TableName("_")),
    ("T1._2", TableName("_2", "T1")),
    ("Select", TableName("Select")),
    ("a" * 52, TableName("a" * 52)),
    ("s" * 52 + "." + "t" * 52, TableName("t" * 52, "s" * 52)),
]

BAD = [
    "",
    ".",
    "a.",
    ".a",
    "a.b.c",
    "1a",
    "a b",
    "a-b",
    "a;b",
    'a"b',
    "a\n",
    "tücher",
    "a\0",
    "a$b",
    "a{b}",
    "a" * 53,
    "a" * 53 + ".b",
]


@pytest.mark.parametrize(("text", "expected"), GOOD)
def test_reads_a_table_with_or_without_its_schema(text: str, expected: TableName) -> None:
    assert TableName.parse(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize("text", BAD)
def test_refuses_all_but_plain_identifiers(text: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        TableName.parse(text)

    assert caught.value.argument == "table"
    assert str(caught.value) == (
        "table must be a plain identifier of at most 52 ASCII letters, digits and "
        f"underscores, or two with a dot between: {text!r} isn't"
    )


@pytest.mark.parametrize(
    ("value", "kind"), [(None, "NoneType"), (1, "int"), (b"a", "bytes"), (["a"], "list")]
)
def test_refuses_what_is_no_text(value: object, kind: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        TableName.parse(value)

    assert str(caught.value) == f"table must be a str, not {kind}"


def test_is_a_value() -> None:
    name = TableName("numbers", "billing")

    assert {name: 1}[TableName("numbers", "billing")] == 1
    assert pickle.loads(pickle.dumps(name)) == copy.deepcopy(name) == name
    assert name != TableName("numbers")
