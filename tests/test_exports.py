"""What can be imported from where."""

from __future__ import annotations

import ast
import importlib.metadata

import pytest

import aseq
from aseq import errors
from tests.exports import EXPORTS
from tests.layers import MODULES

PUBLIC = {
    "AsyncSequence",
    "Connection",
    "Holder",
    "allocate",
    "create_table",
    "create_table_sql",
    "drop_table",
    "holders",
    "is_retryable",
    "turn",
    *errors.__all__,
}


@pytest.mark.parametrize("module", sorted(EXPORTS))
def test_exports_are_sorted_unique_and_there(module: str) -> None:
    names = EXPORTS[module]

    # As ruff sorts them: constants, classes, the rest.
    assert names == sorted(set(names), key=lambda n: (not n.isupper(), n[0].islower(), n))


@pytest.mark.parametrize("module", sorted(EXPORTS))
def test_exports_are_bound_in_their_module(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    bound = set[str]()
    lazily = [part for part in tree.body if isinstance(part, ast.If)]  # TYPE_CHECKING
    for node in [*tree.body, *(inner for part in lazily for inner in part.body)]:
        if isinstance(node, ast.ImportFrom):
            bound |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            bound.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            bound |= {ast.unparse(target) for target in targets}

    assert set(EXPORTS[module]) <= bound


def test_aseq_exports_the_whole_public_surface() -> None:
    assert set(aseq.__all__) == PUBLIC
    assert {"aseq", "aseq.errors"} <= set(EXPORTS), "the tests above saw them"


def test_a_star_import_gives_what_is_exported() -> None:
    names: dict[str, object] = {}
    exec("from aseq import *", names)

    assert set(names) - {"__builtins__"} == PUBLIC


def test_version_is_that_of_the_distribution() -> None:
    assert aseq.__version__ == importlib.metadata.version("aseq")


def test_an_unknown_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'aseq' has no attribute 'Sequence'"):
        aseq.Sequence  # type: ignore[attr-defined]  # noqa: B018
    assert not hasattr(aseq, "next_value")


def test_types_are_shipped() -> None:
    assert (MODULES["aseq"].parent / "py.typed").read_text() == ""
