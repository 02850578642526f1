"""How many different names a transaction has queued for: counted without a database."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from tracemalloc import Filter

import pytest

from aseq import _tally
from aseq._tally import QueueCounter


def test_the_first_name_beyond_the_limit_is_told() -> None:
    tally = QueueCounter(limit=3, transactions=10)

    assert [tally.add(1, name) for name in "abcdef"] == [False] * 3 + [True] + [False] * 2


def test_a_name_counts_once() -> None:
    tally = QueueCounter(limit=2, transactions=10)

    assert not any(tally.add(1, name) for name in "abab" * 10)
    assert tally.add(1, "c")


def test_each_transaction_has_names_of_its_own() -> None:
    tally = QueueCounter(limit=2, transactions=10)

    assert not any(tally.add(number, name) for name in "ab" for number in (1, 2))
    assert [tally.add(number, "c") for number in (1, 2, 1, 2)] == [True, True, False, False]


def test_who_said_nothing_for_longest_is_forgotten() -> None:
    tally = QueueCounter(limit=1, transactions=2)
    for number in (1, 2, 1, 3):  # 2 goes
        assert not tally.add(number, "a")

    assert tally.add(1, "b")
    assert tally.add(3, "b")
    assert not tally.add(2, "b")


@pytest.mark.parametrize(("transactions", "names"), [(1, 20_000), (20_000, 1), (140, 140)])
def test_it_stays_small(transactions: int, names: int) -> None:
    tally = QueueCounter(limit=100, transactions=100)
    tracemalloc.start()
    for transaction in range(transactions):
        for name in range(names):
            tally.add(transaction, f"name {name} of transaction {transaction}")
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
    tally = QueueCounter(limit=1, transactions=2)

    def work(first: int) -> int:
        return sum(tally.add(first + n, name) for n in range(5_000) for name in "abc")

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(work, range(0, 40_000, 10_000)))  # no thread gets an error
    assert sum(told) > 0
    assert len(tally._names) == 2
