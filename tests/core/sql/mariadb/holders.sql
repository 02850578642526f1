WITH wanted AS (
    SELECT w.place, w.called, CONCAT('''', CONVERT(REPLACE(REPLACE(w.called, CHAR(92 USING utf8mb4), REPEAT(CHAR(92 USING utf8mb4), 2)), '''', '''''') USING utf8mb3) COLLATE utf8mb3_bin, '''') AS told
    FROM JSON_TABLE(%s, '$[*]' COLUMNS (
        place integer PATH '$.place',
        called varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin PATH '$.called'
    )) AS w
), locks AS (
    SELECT lock_id, lock_trx_id AS trx, lock_mode AS mode, lock_data AS data
    FROM information_schema.innodb_locks
    WHERE lock_type = 'RECORD' AND lock_table = IF(LOCATE('.', '`aseq_sequence`') = 0, CONCAT('`', DATABASE(), '`.', '`aseq_sequence`'), '`aseq_sequence`')
), who AS (
    SELECT trx_id AS trx, trx_mysql_thread_id AS thread, trx_requested_lock_id AS wants,
        trx_tables_locked AS locked, TIMESTAMPDIFF(
            MICROSECOND, trx_started, CONVERT_TZ(UTC_TIMESTAMP(6), '+00:00', 'SYSTEM')
        ) AS lasted
    FROM information_schema.innodb_trx
), told AS (
    SELECT w.place, who.trx, MAX(NOT l.lock_id <=> who.wants) AS holds
    FROM wanted AS w JOIN locks AS l ON LOCATE(',GAP', l.mode) = 0
        AND (CONVERT(l.data USING utf8mb3) COLLATE utf8mb3_bin = w.told OR LEFT(CONVERT(l.data USING utf8mb3) COLLATE utf8mb3_bin, CHAR_LENGTH(w.told) + 1) = CONCAT(w.told, ','))
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
        who.lasted, p.time_ms * 1000 AS passed, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) AS clock
    FROM found AS f JOIN who ON who.trx = f.trx
    LEFT JOIN information_schema.processlist AS p ON p.id = who.thread
)
SELECT place, pid, holds, certain, COALESCE(pid = CONNECTION_ID(), 0), NULL, user, state,
    clock - lasted, CAST(clock - passed AS SIGNED), CAST(clock - passed AS SIGNED), clock
FROM seen
ORDER BY 1, 3 DESC, 10, 2
LIMIT 18446744073709551615
