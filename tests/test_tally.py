"""How many different names a transaction has queued for: counted without a database."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from tracemalloc import Filter

import pytest

from aseq import _tally
from aseq._tally import Tally


def test_the_first_name_beyond_the_limit_is_told() -> None:
    tally = Tally(limit=3, transactions=10)

    assert [tally.passes(1, name) for name in "abcdef"] == [False] * 3 + [True] + [False] * 2


def test_a_name_counts_once() -> None:
    tally = Tally(limit=2, transactions=10)

    assert not any(tally.passes(1, name) for name in "abab" * 10)
    assert tally.passes(1, "c")


def test_each_transaction_has_names_of_its_own() -> None:
    tally = Tally(limit=2, transactions=10)

    assert not any(tally.passes(number, name) for name in "ab" for number in (1, 2))
    assert [tally.passes(number, "c") for number in (1, 2, 1, 2)] == [True, True, False, False]


def test_who_said_nothing_for_longest_is_forgotten() -> None:
    tally = Tally(limit=1, transactions=2)
    for number in (1, 2, 1, 3):  # 2 goes
        assert not tally.passes(number, "a")

    assert tally.passes(1, "b")
    assert tally.passes(3, "b")
    assert not tally.passes(2, "b")


@pytest.mark.parametrize(("transactions", "names"), [(1, 20_000), (20_000, 1), (140, 140)])
def test_it_stays_small(transactions: int, names: int) -> None:
    tally = Tally(limit=100, transactions=100)
    tracemalloc.start()
    for transaction in range(transactions):
        for name in range(names):
            tally.passes(transaction, f"name {name} of transaction {transaction}")
    snapshot = tracemalloc.take_snapshot()
    tracemalloc.stop()

    # Whatever other tests have left behind goes on allocating.
    ours = snapshot.filter_traces([Filter(True, __file__), Filter(True, _tally.__file__)])
    size = sum(trace.size for trace in ours.traces)
    assert size < 100_000, "of at least two million bytes"


@pytest.fixture
def _restless() -> Iterator[None]:
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("_restless")
def test_threads_share_it() -> None:
    tally = Tally(limit=1, transactions=2)

    def work(first: int) -> int:
        return sum(tally.passes(first + n, name) for n in range(5_000) for name in "abc")

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(work, range(0, 40_000, 10_000)))  # no thread gets an error
    assert sum(told) > 0
    assert len(tally._names) == 2
