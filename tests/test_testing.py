"""What `aseq.testing` gives to users' own tests."""

from __future__ import annotations

from contextlib import suppress

import anyio.to_thread
import pytest

from aseq import AsyncSequence, NotInTransaction, SequenceExhausted
from aseq.testing import MemoryExecutor, assert_gapless
from tests.cases import BACKENDS


@pytest.fixture(params=list(BACKENDS))
def anyio_backend(request: pytest.FixtureRequest) -> object:
    """Every event loop: nothing in memory depends on one."""
    return BACKENDS[request.param]


async def test_draws_inside_a_transaction_only() -> None:
    seq, conn = AsyncSequence("invoices"), MemoryExecutor()
    with pytest.raises(NotInTransaction):
        await seq.next_value(conn)
    async with conn.transaction():
        assert await seq.next_value(conn) == 1
    conn.close()


async def test_in_another_thread_than_it_was_made_in() -> None:
    """A test's fixture makes it, and a test client runs the application in a thread."""
    seq, conn = AsyncSequence("invoices"), MemoryExecutor()

    async def application() -> int:
        async with conn.transaction():
            return await seq.next_value(conn)

    assert await anyio.to_thread.run_sync(anyio.run, application) == 1
    assert await seq.last_value(conn) == 1
    conn.close()


async def test_a_rollback_gives_the_number_back() -> None:
    seq, conn = AsyncSequence("invoices", table="billing.numbers"), MemoryExecutor()
    with suppress(ZeroDivisionError):
        async with conn.transaction():
            await seq.next_value(conn)
            raise ZeroDivisionError
    async with conn.transaction():
        with suppress(ZeroDivisionError):
            async with conn.transaction():
                assert await seq.next_values(conn, 2) == range(1, 3)
                raise ZeroDivisionError
        async with conn.transaction():
            assert await seq.next_value(conn) == 1
        assert await seq.next_value(conn, nowait=True) == 2

    assert await seq.last_value(conn) == 2
    conn.close()


async def test_has_the_errors_of_a_server() -> None:
    seq, conn = AsyncSequence("invoices", 2**63 - 1), MemoryExecutor()
    async with conn.transaction():
        await seq.next_value(conn)
        with pytest.raises(SequenceExhausted):
            await seq.next_value(conn)
    conn.close()


@pytest.mark.parametrize(
    ("values", "parameters"),
    [
        ([], {}),
        ([2, 1, 3], {}),
        ([10, 4, 7], {"initial_value": 4, "step": 3}),
        ([0, -2], {"initial_value": 0, "step": -2}),
        ([1, 2, 1, 2, 1], {"reset_value": 3}),
    ],
)
def test_gapless_passes(values: list[int], parameters: dict[str, int]) -> None:
    assert_gapless(values, **parameters)


@pytest.mark.parametrize(
    ("values", "parameters", "text"),
    [
        ([1, 2, None], {}, "None (a row without a number?) among 3 values is no number"),
        (
            [1, None],
            {"reset_value": 3},
            "None (a row without a number?) among 2 values is no number",
        ),
        (["1", 2], {}, "'1' among 2 values is no number"),
        ([1, 3], {}, "missing 2, unexpected 3 among 2 values"),
        ([1, 2, 2], {}, "missing 3, repeated 2 among 3 values"),
        (
            range(2, 20, 2),
            {},
            "missing 1, 3, 5, 7, 9, unexpected 10, 12, 14, 16, 18 among 9 values",
        ),
        (
            range(100, 112),
            {},
            (
                "missing 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more, unexpected 100, 101, 102, "
                "103, 104, 105, 106, 107, 108, 109 and 2 more among 12 values"
            ),
        ),
        ([1, 1, 2], {"reset_value": 3}, "1 instead of 2 at place 1"),
    ],
)
def test_gapless_fails(values: list[int], parameters: dict[str, int], text: str) -> None:
    with pytest.raises(AssertionError) as error:
        assert_gapless(values, **parameters)

    assert str(error.value) == f"not gapless: {text}"
