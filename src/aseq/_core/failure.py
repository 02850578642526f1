"""Finding out what a database said, without knowing the driver that says so.

Drivers and ORMs wrap errors in one another: SQLAlchemy keeps the driver's in ``orig``,
Django raises its own ``from`` it, Tortoise makes it the only argument of its own. The
code is on one of them; how it is written there, the dialects know.

The error that was being handled when this one was raised (``__context__``) has nothing
to do with it: it may be that of an earlier try, in a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

Code: TypeAlias = str | int

CodeReader: TypeAlias = Callable[[BaseException], Code | None]
"""Reads a server's code off one error; None if that error carries none."""


def chain(exc: BaseException) -> Iterator[BaseException]:
    """The error and those it stands for, each once, the nearest first."""
    waiting, seen = [exc], set[int]()
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        nested = (getattr(current, "orig", None), current.__cause__, *current.args[:1])
        waiting += [item for item in nested if isinstance(item, BaseException)]


class Report(NamedTuple):
    """What the database reported: its code, and the first line of its text."""

    code: Code
    text: str


def report(exc: BaseException, read: CodeReader) -> Report | None:
    """The first report in the chain of an error.

    Args:
        exc: the error, however it is wrapped.
        read: how the dialect finds its code on one error.
    """
    for item in chain(exc):
        code = read(item)
        if code is not None:
            return Report(code, str(item).partition("\n")[0])
    return None
