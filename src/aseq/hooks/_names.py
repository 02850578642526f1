"""Whether and how the ready-made hooks tell the names of sequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ._details import DrawDetails

Names: TypeAlias = bool | Callable[[str], str]

SEVERAL = "(several)"

BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
"""Seconds: those that OpenTelemetry has for the time of a call to a database."""


def name_of(details: DrawDetails, names: Names) -> str:
    """The name for a label: of several sequences at once, that there are several."""
    if len(details.sequences) > 1:
        return SEVERAL
    name = "".join(details.sequences)  # one
    return names(name) if callable(names) else name


def error_type(details: DrawDetails) -> str:
    """The class of the error; "" without one."""
    return "" if details.error is None else type(details.error).__qualname__
