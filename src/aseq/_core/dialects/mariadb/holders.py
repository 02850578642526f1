"""Who holds a sequence on MariaDB, and who waits for it: read off information_schema.

InnoDB lists locks there only while somebody waits for them. Of a sequence that nobody waits
for, all that is known is which transactions have locked a row of some table, or written one:
each of them may hold it.

What is listed is a copy, which the server makes anew if nobody has asked for 0.1 s.
"""

from __future__ import annotations

from aseq._core.dialects.innodb_locks import ALL, CLOCK, ON_ROW, is_told, wanted
from aseq._core.statement import Script, Template

from .fragments import COLLATION

_TABLE = """\
IF(LOCATE('.', $literal) = 0, CONCAT('`', DATABASE(), '`.', $literal), $literal)"""

# It is told in the server's own time zone, whichever the session has.
_LASTED = """\
TIMESTAMPDIFF(
            MICROSECOND, trx_started, CONVERT_TZ(UTC_TIMESTAMP(6), '+00:00', 'SYSTEM')
        )"""

_TEXT = f"""\
WITH wanted AS (
    {wanted(COLLATION)}
), locks AS (
    SELECT lock_id, lock_trx_id AS trx, lock_mode AS mode, lock_data AS data
    FROM information_schema.innodb_locks
    WHERE lock_type = 'RECORD' AND lock_table = {_TABLE}
), who AS (
    SELECT trx_id AS trx, trx_mysql_thread_id AS thread, trx_requested_lock_id AS wants,
        trx_tables_locked AS locked, {_LASTED} AS lasted
    FROM information_schema.innodb_trx
), told AS (
    SELECT w.place, who.trx, MAX(NOT l.lock_id <=> who.wants) AS holds
    FROM wanted AS w JOIN locks AS l ON {ON_ROW.format(mode="l.mode")}
        AND {is_told("l.data")}
    JOIN who ON who.trx = l.trx
    GROUP BY w.place, who.trx
), found AS (
    SELECT place, trx, holds, 1 AS certain FROM told
    UNION ALL
    SELECT w.place, who.trx, 1, 0
    FROM wanted AS w JOIN who
    WHERE who.locked > 0
        AND NOT EXISTS (SELECT 1 FROM told WHERE told.place = w.place AND told.holds)
        AND NOT EXISTS (
            SELECT 1 FROM told WHERE told.place = w.place AND told.trx = who.trx
        )
), seen AS (
    SELECT f.place, f.holds, f.certain, who.thread, p.id AS pid, p.user, p.command AS state,
        who.lasted, p.time_ms * 1000 AS passed, {CLOCK} AS clock
    FROM found AS f JOIN who ON who.trx = f.trx
    LEFT JOIN information_schema.processlist AS p ON p.id = who.thread
)
SELECT place, pid, holds, certain, COALESCE(pid = CONNECTION_ID(), 0), NULL, user, state,
    clock - lasted, CAST(clock - passed AS SIGNED), CAST(clock - passed AS SIGNED), clock
FROM seen
ORDER BY 1, 3 DESC, 10, 2
{ALL}"""

HOLDERS: Script = (Template(_TEXT),)
