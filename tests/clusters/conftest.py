"""Run by `make cluster` and its parts alone: what they need, and how long they take."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import pytest

from devtools.clusters.node import Node
from devtools.clusters.programs import ClusterUnavailable

from .kinds import KINDS
from .writers import Kind

HERE = "tests/clusters/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave all out but the clusters that a verb of the Makefile asks for."""
    wanted = os.environ.get("ASEQ_CLUSTERS", "").split()
    items[:] = [
        item for item in items if not item.nodeid.startswith(HERE) or cluster_of(item) in wanted
    ]


def cluster_of(item: pytest.Item) -> str:
    """Which one a test runs: the kind that it is parametrized with, or what its module says."""
    called_with = item.callspec.params if hasattr(item, "callspec") else {}
    return str(called_with.get("kind", item.path.stem.removeprefix("test_")))


@pytest.fixture(scope="session")
def kind(request: pytest.FixtureRequest) -> Kind:
    """A kind of cluster, by its name: tests are parametrized by it."""
    return KINDS[request.param]


@pytest.fixture(scope="session")
def nodes(kind: Kind) -> Iterator[Sequence[Node]]:
    """Three nodes of one cluster."""
    try:
        with kind.runs() as nodes:
            yield nodes
    except ClusterUnavailable as exc:
        pytest.skip(str(exc))


@pytest.fixture
async def tables(kind: Kind, nodes: Sequence[Node]) -> None:
    """An empty table of invoices, and the sequence at its start."""
    await kind.prepare(nodes[1])  # the one that is never killed nor cut off
