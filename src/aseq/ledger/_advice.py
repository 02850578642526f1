"""What to do where a server doesn't let an account create the guard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from aseq._core.dialects.mysql_family import code
from aseq._core.failure import Code, report

BINARY_LOG = (
    "aseq: while the server writes a binary log, only an account with SUPER may create "
    "triggers. Let such an account create the guard (`aseq.ledger.create_guard_sql` gives the "
    "statements), or SET GLOBAL log_bin_trust_function_creators = 1 until the migration has run"
)

_ADVICE: Mapping[Code, str] = {1419: BINARY_LOG}


@contextmanager
def advised() -> Iterator[None]:
    """Notes on the driver's error what to do about it, if that is known."""
    try:
        yield
    except Exception as exc:
        found = report(exc, code)
        if found is not None and found.code in _ADVICE:
            exc.add_note(_ADVICE[found.code])
        raise
