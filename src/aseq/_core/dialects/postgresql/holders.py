"""Who holds a sequence, and who waits for it: read off the server's lock table.

What can be seen, and where:

* A place in the queue is an advisory lock: who holds it, and who waits for it, is there.
* Outside of the queue the row says which transaction changed it last (``xmax``), if it is
  there; and the lock table, which backend that transaction is, if it is still open.
* A first value that isn't committed is in no row that others see. But whoever is first in
  the queue waits for its transaction. Where nobody queues, all that is known is who has
  written to the table: one of them may hold it.

Whoever waits outside the queue waits for a transaction, and the server doesn't say for which
row of it. Its statement is about the table, or it isn't counted. (Others' statements are
hidden from roles that aren't members of pg_read_all_stats: theirs might be.)
"""

from __future__ import annotations

from aseq._core.statement import Script, Template

from .fragments import CLOCK, key

_TABLE = "$literal::regclass"
_DATABASE = "(SELECT oid FROM pg_database WHERE datname = current_database())"


def _of_transaction(alias: str) -> str:
    """Whether a lock is that which each transaction has on itself."""
    return (
        f"{alias}.locktype = 'transactionid' AND {alias}.mode = 'ExclusiveLock' "
        f"AND {alias}.granted"
    )


def _epoch(column: str) -> str:
    """A moment in microseconds since 1970."""
    return f"CAST(extract(epoch FROM a.{column}) * 1000000 AS bigint)"


_TEXT = f"""\
WITH wanted AS MATERIALIZED (
    SELECT place, called, {key("queue")} AS key
    FROM json_to_recordset(CAST(CAST(:wanted AS text) AS json))
        AS w(place integer, called text, queue text)
), locks AS MATERIALIZED (
    SELECT * FROM pg_locks
), waiting AS MATERIALIZED (
    SELECT l.pid, l.locktype, l.transactionid, l.page, l.tuple
    FROM locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
    WHERE NOT l.granted AND (
        a.query IN ('', '<insufficient privilege>')
        OR position((SELECT relname FROM pg_class WHERE oid = {_TABLE}) IN a.query) > 0
    )
), queue AS MATERIALIZED (
    SELECT w.place, l.pid, l.granted AND l.pid NOT IN (SELECT pid FROM waiting) AS holds
    FROM wanted AS w JOIN locks AS l ON (l.classid::bigint << 32 | l.objid::bigint) = w.key
    WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.database = {_DATABASE}
), holding AS MATERIALIZED (
    SELECT place, pid FROM queue WHERE holds
    UNION
    SELECT w.place, l.pid
    FROM wanted AS w JOIN $table AS s ON s.name = w.called
    JOIN locks AS l ON l.transactionid = s.xmax OR l.transactionid = s.xmin
    WHERE {_of_transaction("l")}
    UNION
    SELECT q.place, l.pid
    FROM queue AS q JOIN waiting AS b ON b.pid = q.pid AND b.locktype = 'transactionid'
    JOIN locks AS l ON l.transactionid = b.transactionid
    WHERE {_of_transaction("l")}
), perhaps AS MATERIALIZED (
    SELECT w.place, l.pid
    FROM wanted AS w JOIN locks AS l ON l.relation = {_TABLE}
    WHERE w.key IS NULL AND NOT EXISTS (SELECT FROM $table WHERE name = w.called)
    AND l.database = {_DATABASE} AND l.mode = 'RowExclusiveLock' AND l.granted
    AND w.place NOT IN (SELECT place FROM holding)
    AND EXISTS (SELECT FROM locks AS x WHERE x.pid = l.pid AND {_of_transaction("x")})
    AND l.pid NOT IN (SELECT pid FROM waiting)
), others AS (
    SELECT place, pid FROM queue WHERE NOT holds
    UNION
    SELECT h.place, b.pid
    FROM (SELECT * FROM holding UNION SELECT * FROM perhaps) AS h
    JOIN locks AS l ON l.pid = h.pid JOIN waiting AS b ON b.transactionid = l.transactionid
    WHERE {_of_transaction("l")}
    UNION
    SELECT w.place, b.pid
    FROM wanted AS w JOIN $table AS s ON s.name = w.called
    JOIN waiting AS b ON b.locktype = 'tuple'
    AND format('(%s,%s)', b.page, b.tuple) = s.ctid::text
), found AS (
    SELECT place, pid, 1 AS holds, 1 AS certain FROM holding
    UNION ALL
    SELECT place, pid, 1, 0 FROM perhaps
    UNION ALL
    SELECT place, pid, 0, 1 FROM others
)
SELECT f.place, f.pid, f.holds, f.certain,
    CAST(coalesce(f.pid = pg_backend_pid(), false) AS integer),
    a.application_name, CAST(a.usename AS text), a.state,
    {_epoch("xact_start")}, {_epoch("query_start")}, {_epoch("state_change")}, {CLOCK}
FROM found AS f LEFT JOIN pg_stat_activity AS a ON a.pid = f.pid
ORDER BY f.place, f.holds DESC, a.query_start, f.pid"""

# What a transaction once saw of pg_stat_activity, it would see until its end.
HOLDERS: Script = (Template("SELECT pg_stat_clear_snapshot()"), Template(_TEXT))
