"""Which rows of the contract suite a test runs on, and on which event loops."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

import pytest

from tests import clients
from tests.cases import BACKENDS, BRIEF, CASES, ON_ANY_LOOP, STOPS
from tests.pooler.cases import pooled_cases
from tests.pooler.server import EVERYTHING


def rows(metafunc: pytest.Metafunc) -> list[Any]:
    """The cases of a test, each with an event loop."""
    wanted = dict[str, Any]()
    for only in metafunc.definition.iter_markers("only"):  # of the test and of its module
        wanted |= only.kwargs
    client = wanted.get("client", clients.Client)
    module = metafunc.module.__name__.rpartition(".")[2]
    uvloop = _plays_uvloop(metafunc)
    return [
        pytest.param(case, BACKENDS[backend], id=f"{case.id}-{backend}")
        for case in (pooled_cases() if EVERYTHING else CASES)
        if case.runs and case.dialect in _some(wanted.get("dialect", case.dialect))
        if case.client.awaited or not wanted.get("awaited")
        if issubclass(case.client, client)
        if not case.brief or module in BRIEF or module in case.also
        if not case.unstoppable or module not in STOPS
        for backend in case.backends
        if uvloop or "uvloop" not in backend
    ]


def _plays_uvloop(metafunc: pytest.Metafunc) -> bool:
    if metafunc.config.getoption("uvloop_everywhere"):
        return True
    on_any_loop = ON_ANY_LOOP.intersection(metafunc.module.__name__.split("."))
    return bool(metafunc.config.getoption("uvloop")) and not on_any_loop


def _some(dialect: object) -> Collection[str]:
    """The dialects of a marker: one, or a set."""
    return {dialect} if isinstance(dialect, str) else cast("Collection[str]", dialect)
