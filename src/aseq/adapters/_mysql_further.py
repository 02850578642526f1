"""Of several statements in one string, what becomes of those after the first.

mysqlclient, asyncmy and aiomysql send them (``"UPDATE ...; UPDATE ..."``), and PyMySQL if it is
told to. The driver raises the error of the first; those of the others come when it reads the
next answer, as a rule when the cursor is closed. SQLAlchemy and Django keep to themselves what
is raised there, so nobody hears of a deadlock.
"""

from __future__ import annotations

import weakref
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from aseq._core.dialects.mysql_family import ENDS_TRANSACTION, LOCK_WAIT_TIMEOUT, code

_READS = "next_result"
"""What reads the next answer, in each of the drivers."""

_ENDS = ENDS_TRANSACTION | {LOCK_WAIT_TIMEOUT}
"""A lock timeout ends the transaction on some servers; in the middle of answers, none can be
asked."""


def hear_further(driver: Any, tell: Callable[[BaseException], object]) -> None:
    """Tell of the errors that end a transaction, of all statements but the first.

    Args:
        driver: a connection of one of the drivers. Asked again, nothing changes.
        tell: is told, before the driver raises the error.
    """
    if _READS in vars(driver):
        return
    read = getattr(type(driver), _READS)
    known = weakref.ref(driver)

    def heard(*args: Any, **kwargs: Any) -> Any:
        try:
            answer = read(known(), *args, **kwargs)
        except Exception as exc:
            _tell_of(exc, tell)
            raise
        return _awaited(answer, tell) if isawaitable(answer) else answer

    setattr(driver, _READS, heard)


async def _awaited(answer: Awaitable[Any], tell: Callable[[BaseException], object]) -> Any:
    try:
        return await answer
    except Exception as exc:
        _tell_of(exc, tell)
        raise


def _tell_of(exc: BaseException, tell: Callable[[BaseException], object]) -> None:
    if code(exc) in _ENDS:
        tell(exc)
