"""Who holds a sequence on MySQL, and who waits for it: read off performance_schema.

It lists the lock of a row whose sequence somebody has drawn from. A first number that isn't
committed is in no list of locks until somebody waits for it: till then, all that is known is
who has written to the table, and one of them may hold it. (Whoever asks sees his own new rows
as if they were committed, so he is one of them wherever he has written. Such a lock is noted
by the thread that waits for it. So whose it is, is looked up by its transaction, in the lock
of the table.)
"""

from __future__ import annotations

from aseq._core.dialects.innodb_locks import ALL, CLOCK, ON_ROW, is_told, wanted
from aseq._core.statement import Script, Template

from .fragments import COLLATION

_OF_TABLE = """\
CASE
        WHEN LOCATE('.', $literal) = 0 THEN object_schema = DATABASE() AND object_name = '$bare'
        ELSE CONCAT('`', object_schema, '`.`', object_name, '`') = $literal
    END"""

_TEXT = f"""\
WITH wanted AS (
    {wanted(COLLATION)}
), locks AS (
    SELECT DISTINCT engine_transaction_id AS trx, thread_id AS thread, lock_type AS type,
        lock_mode AS mode, lock_status AS status, lock_data AS data
    FROM performance_schema.data_locks WHERE {_OF_TABLE}
), who AS (
    SELECT DISTINCT trx, thread FROM locks WHERE type = 'TABLE'
), asking AS (
    SELECT thread_id AS thread FROM performance_schema.threads
    WHERE processlist_id = CONNECTION_ID()
), told AS (
    SELECT w.place, who.trx, who.thread, MAX(l.status = 'GRANTED') AS holds
    FROM wanted AS w JOIN locks AS l ON l.type = 'RECORD' AND {ON_ROW.format(mode="l.mode")}
        AND {is_told("l.data")}
    JOIN who ON who.trx = l.trx
    GROUP BY w.place, who.trx, who.thread
), found AS (
    SELECT place, thread, holds, 1 AS certain FROM told
    UNION ALL
    SELECT w.place, who.thread, 1, 0
    FROM wanted AS w JOIN who
    WHERE (
            who.thread IN (SELECT thread FROM asking)
            OR NOT EXISTS (SELECT 1 FROM $table AS s WHERE s.name = w.called)
        )
        AND NOT EXISTS (SELECT 1 FROM told WHERE told.place = w.place AND told.holds)
        AND NOT EXISTS (
            SELECT 1 FROM told WHERE told.place = w.place AND told.trx = who.trx
        )
), seen AS (
    SELECT f.*, p.processlist_id AS pid, p.processlist_user AS user,
        p.processlist_command AS state, p.processlist_time AS seconds,
        t.timer_wait DIV 1000000 AS lasted, {CLOCK} AS clock
    FROM found AS f
    LEFT JOIN performance_schema.threads AS p ON p.thread_id = f.thread
    LEFT JOIN performance_schema.events_transactions_current AS t
        ON t.thread_id = f.thread AND t.state = 'ACTIVE'
)
SELECT place, pid, holds, certain, COALESCE(pid = CONNECTION_ID(), 0), NULL, user, state,
    clock - lasted, clock - seconds * 1000000, clock - seconds * 1000000, clock
FROM seen
UNION ALL
SELECT NULL, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, 0
WHERE NOT @@performance_schema
ORDER BY 1, 3 DESC, 10, 2
{ALL}"""

HOLDERS: Script = (Template(_TEXT),)
