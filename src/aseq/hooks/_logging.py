"""A record for each draw."""

from __future__ import annotations

import logging

from ._details import DrawDetails
from ._names import Names, error_type, name_of

logger = logging.getLogger("aseq.draws")

_TEXT = "aseq: a call for %(sequence)s (%(connection)s) %(end)s after %(duration).3f s%(wait)s"
_ADVICE = "`aseq.holders` tells who holds a sequence, and who waits for it"


class LoggingHook:
    """Logs each call.

    Args:
        slower_than: seconds of waiting from which on it is a warning; None: it never is.
        names: as of `logging_hook`.
    """

    def __init__(self, slower_than: float | None, names: Names) -> None:
        self._slower_than, self._names = slower_than, names

    def __call__(self, details: DrawDetails, /) -> None:
        waited = details.waited
        slow = (
            self._slower_than is not None and waited is not None and waited >= self._slower_than
        )
        level = logging.WARNING if slow else logging.DEBUG
        if logger.isEnabledFor(level):
            self._log(level, details)

    def _log(self, level: int, details: DrawDetails) -> None:
        sequence = name_of(details, self._names) if self._names else "a sequence"
        waited = details.waited
        values = {
            "sequence": sequence,
            "connection": details.connection,
            "end": f"ended as {details.outcome}",
            "duration": details.duration,
            "wait": "" if waited is None else f", {waited:.3f} s of them waiting",
        }
        extra = {
            "aseq_event": "draw",
            "aseq_sequence": sequence,
            "aseq_connection": details.connection,
            "aseq_advice": _ADVICE,
            "aseq_outcome": details.outcome,
            "aseq_error": error_type(details),
            "aseq_count": details.count,
            "aseq_waited": waited,
            "aseq_duration": details.duration,
        }
        logger.log(level, _TEXT, values, extra=extra)
