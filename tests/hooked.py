"""Hooks for the length of a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aseq.hooks import DrawDetails, Hook, get_hooks, set_hooks


@contextmanager
def hooked(*hooks: Hook) -> Iterator[list[DrawDetails]]:
    """These hooks, and one behind them that keeps what it is told."""
    before, told = get_hooks(), list[DrawDetails]()
    set_hooks([*hooks, told.append])
    try:
        yield told
    finally:
        set_hooks(before)
