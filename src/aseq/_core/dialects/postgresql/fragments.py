"""What PostgreSQL's texts are made of: the queue and the lock timeout.

``WITH`` queries are MATERIALIZED, and each reads the one that must come before it: so they
run once, and in order. Only then may functions with effects stand in them.
"""

from __future__ import annotations


# The key: a hash of the queue's name (the sequence's own, unless it stands in another's),
# seeded with its table's oid.
def key(queue: str) -> str:
    """The key of a queue, whose name is given in SQL."""
    return f"hashtextextended({queue}, $literal::regclass::oid::bigint)"


KEY = key(":queue")
ENTER = f"SELECT pg_advisory_xact_lock({KEY})"
# The transaction that holds the place in the queue, also from inside a savepoint.
TXID = ", txid_current()"

# lock_timeout is for one lock, and there may be two: so it is what is left of the call's
# time, set again before each of them, but never more than the caller's own. Numbers are
# milliseconds; 0 would be no limit. (statement_timestamp() is when the statement came.)
_WAITED = "extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000"
WAITED = f"CAST({_WAITED} AS integer)"
# The same in microseconds, for those who look on: told after the last lock was taken.
MEASURED = f", CAST({_WAITED} * 1000 AS bigint) AS waited"
SAVED_TIMEOUT = "SELECT current_setting('lock_timeout') AS setting"
SET_TIMEOUT = f"""\
set_config('lock_timeout', CAST(CAST(least(
        nullif(extract(epoch FROM CAST(setting AS interval)) * 1000, 0),
        greatest(1, CAST(:timeout AS integer) - {_WAITED})
    ) AS integer) AS text), true)"""
RESTORED = "set_config('lock_timeout', saved_timeout.setting, true)"

# The clock as it is when the text gets there, not when the statement began; all the same
# number in every time zone and with every driver.
CLOCK = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"
