WITH wanted AS (
    SELECT w.place, w.called, CONCAT('''', CONVERT(REPLACE(REPLACE(w.called, CHAR(92 USING utf8mb4), REPEAT(CHAR(92 USING utf8mb4), 2)), '''', '''''') USING utf8mb3) COLLATE utf8mb3_bin, '''') AS told
    FROM JSON_TABLE(%s, '$[*]' COLUMNS (
        place integer PATH '$.place',
        called varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin PATH '$.called'
    )) AS w
), locks AS (
    SELECT DISTINCT engine_transaction_id AS trx, thread_id AS thread, lock_type AS type,
        lock_mode AS mode, lock_status AS status, lock_data AS data
    FROM performance_schema.data_locks WHERE CASE
        WHEN LOCATE('.', '`aseq_sequence`') = 0 THEN object_schema = DATABASE() AND object_name = 'aseq_sequence'
        ELSE CONCAT('`', object_schema, '`.`', object_name, '`') = '`aseq_sequence`'
    END
), who AS (
    SELECT DISTINCT trx, thread FROM locks WHERE type = 'TABLE'
), asking AS (
    SELECT thread_id AS thread FROM performance_schema.threads
    WHERE processlist_id = CONNECTION_ID()
), told AS (
    SELECT w.place, who.trx, who.thread, MAX(l.status = 'GRANTED') AS holds
    FROM wanted AS w JOIN locks AS l ON l.type = 'RECORD' AND LOCATE(',GAP', l.mode) = 0
        AND (CONVERT(l.data USING utf8mb3) COLLATE utf8mb3_bin = w.told OR LEFT(CONVERT(l.data USING utf8mb3) COLLATE utf8mb3_bin, CHAR_LENGTH(w.told) + 1) = CONCAT(w.told, ','))
    JOIN who ON who.trx = l.trx
    GROUP BY w.place, who.trx, who.thread
), found AS (
    SELECT place, thread, holds, 1 AS certain FROM told
    UNION ALL
    SELECT w.place, who.thread, 1, 0
    FROM wanted AS w JOIN who
    WHERE (
            who.thread IN (SELECT thread FROM asking)
            OR NOT EXISTS (SELECT 1 FROM `aseq_sequence` AS s WHERE s.name = w.called)
        )
        AND NOT EXISTS (SELECT 1 FROM told WHERE told.place = w.place AND told.holds)
        AND NOT EXISTS (
            SELECT 1 FROM told WHERE told.place = w.place AND told.trx = who.trx
        )
), seen AS (
    SELECT f.*, p.processlist_id AS pid, p.processlist_user AS user,
        p.processlist_command AS state, p.processlist_time AS seconds,
        t.timer_wait DIV 1000000 AS lasted, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) AS clock
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
LIMIT 18446744073709551615
