"""Work that is given up after a while, where nobody could cancel it. Knows no database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer


@contextmanager
def given_up_after(seconds: float, give_up: Callable[[], object]) -> Iterator[None]:
    """Call `give_up` in another thread if the block takes longer.

    Args:
        seconds: how long the block may take.
        give_up: makes it end at once, whatever it waits for. It isn't called any more once
            the block was left.
    """
    timer = Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
