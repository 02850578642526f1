"""`aseq.sync.Ledger` takes what `aseq.ledger.Ledger` takes, and says the same of it."""

from __future__ import annotations

import inspect

import pytest

import aseq.sync
from aseq.ledger import Ledger

METHODS = [
    *("issue", "issue_many", "void"),
    *("create_table", "drop_table", "create_guard", "drop_guard"),
]


def test_all_are_looked_at() -> None:
    for owner in (Ledger, aseq.sync.Ledger):
        own = {name for name in vars(owner) if not name.startswith("_")}
        assert own - {"table"} == {*METHODS}


@pytest.mark.parametrize("name", METHODS)
def test_arguments(name: str) -> None:
    ours, twin = getattr(aseq.sync.Ledger, name), getattr(Ledger, name)

    def parameters(method: object) -> list[tuple[object, ...]]:
        found = inspect.signature(method).parameters.values()  # type: ignore[arg-type]
        return [(each.name, each.kind, each.default) for each in found]

    def told(method: object) -> str:
        text = (inspect.getdoc(method) or "").partition("Args:")[2]
        return text.replace("AsyncSequence", "Sequence")

    assert parameters(ours) == parameters(twin)
    assert told(ours) == told(twin)
