"""What `aseq.testing` gives to users' own tests."""

from __future__ import annotations

from contextlib import suppress

import anyio.to_thread
import pytest

from aseq import AsyncSequence, InvalidSequence, NotInTransaction, SequenceExhausted
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
        ([1, 2, 1, 2, 1], {"reset_value": 3, "last": 1}),
        ([2, 1], {"last": 2}),
        ([], {"last": 0}),
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
        ([1, 1, 2], {"reset_value": 3}, "1 instead of 2 at place 1"),
        ([1, 2], {"reset_value": 3, "last": 1}, "the last value is 2, not 1"),
        ([], {"reset_value": 3, "last": 1}, "there is no value, though the last one is 1"),
    ],
)
def test_gapless_fails(values: list[int], parameters: dict[str, int], text: str) -> None:
    with pytest.raises(AssertionError) as error:
        assert_gapless(values, **parameters)

    assert str(error.value) == f"not gapless: {text}"


@pytest.mark.parametrize(
    ("values", "parameters", "text"),
    [
        ([1, 1000000], {}, "of 2 values: 999,998 missing: 2 to 999999"),
        ([1, 2], {"last": 5}, "of 2 values: 3 missing: 3 to 5"),
        ([], {"last": 1}, "of 0 values: 1 missing: 1"),
        (
            [2, 2, 4, 5, 4, 2],
            {},
            "of 6 values: 2 missing: 1, 3; 2 repeated: 2 in 3 rows, 4 in 2 rows",
        ),
        (
            [1, 0, 7, 3],
            {"step": 2, "last": 5},
            (
                "of 4 values: 1 missing: 5; 2 outside: 0 (before the first value), "
                "7 (beyond the counter)"
            ),
        ),
        ([2], {"step": 2}, "of 1 value: 1 outside: 2 (not on the step)"),
        ([-4, 0], {"initial_value": 0, "step": -2}, "of 2 values: 1 missing: -2"),
    ],
)
def test_gapless_says_what_is_wrong_as_an_audit_does(
    values: list[int], parameters: dict[str, int], text: str
) -> None:
    with pytest.raises(AssertionError) as error:
        assert_gapless(values, **parameters)

    assert str(error.value) == f"not gapless, {text}"


def test_gapless_refuses_a_last_value_that_can_not_be() -> None:
    with pytest.raises(InvalidSequence, match="value must fit in 64 bits"):
        assert_gapless([1], last=2**63)
