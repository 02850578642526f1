"""Proof without sorting that the rows have each number of a range exactly once.

That as many rows as numbers lie within the range proves nothing: a hole and a repeated
number cancel each other out. Counting distinct numbers would prove it, but sorts them all.
So the database adds up a hash of each row's number, in the scan that counts the rows, and
the sum must be that of the range.

The sum of a range must cost less than hashing each number of it. So the hash of a number n
is U(n mod 4096) * V(n div 4096) mod P, with U and V random (the server's hash function,
with keys that are chosen again for each audit) and P prime. The sum over whole blocks of
4096 is then a product of sums, and only a value for each block is asked for.

Rows that differ from the range pass by chance only: their difference is a polynomial of
degree 2 in the random values, and not the zero polynomial, so at most 2 of P points are
zeros of it (Schwartz and Zippel): one in a thousand million.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

P = 2**31 - 1
BITS = 12
BLOCK = 1 << BITS


class Fingerprint:
    """What the rows of a range must add up to.

    Args:
        low: U, for 0 to 4095.
        high: V, for each block of the ranges that will be asked for.
    """

    def __init__(self, low: Mapping[int, int], high: Mapping[int, int]) -> None:
        self._low = (0, *accumulate(low[i] for i in range(BLOCK)))
        self._high = high
        # Of all blocks from one on: only differences are used, within a run of blocks.
        self._sums: dict[int, int] = {}
        total = 0
        for block in sorted(high):
            self._sums[block] = total
            total += high[block]

    def of(self, numbers: range) -> int:
        """The sum over a range with a step of 1, modulo P."""
        return (self._below(numbers.stop - 1, 1) - self._below(numbers.start, 0)) % P

    def _below(self, number: int, including: int) -> int:
        block, rest = number >> BITS, number & (BLOCK - 1)
        return (
            self._sums[block] * self._low[-1] + self._high[block] * self._low[rest + including]
        )


def blocks_of(numbers: range) -> range:
    """The blocks that a range touches."""
    return range(numbers.start >> BITS, ((numbers.stop - 1) >> BITS) + 1)
