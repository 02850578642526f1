WITH wanted AS MATERIALIZED (
    SELECT place, called, hashtextextended(queue, '"aseq_sequence"'::regclass::oid::bigint) AS key
    FROM json_to_recordset(CAST(CAST($1 AS text) AS json))
        AS w(place integer, called text, queue text)
), locks AS MATERIALIZED (
    SELECT * FROM pg_locks
), waiting AS MATERIALIZED (
    SELECT l.pid, l.locktype, l.transactionid, l.page, l.tuple
    FROM locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
    WHERE NOT l.granted AND (
        a.query IN ('', '<insufficient privilege>')
        OR position((SELECT relname FROM pg_class WHERE oid = '"aseq_sequence"'::regclass) IN a.query) > 0
    )
), queue AS MATERIALIZED (
    SELECT w.place, l.pid, l.granted AND l.pid NOT IN (SELECT pid FROM waiting) AS holds
    FROM wanted AS w JOIN locks AS l ON (l.classid::bigint << 32 | l.objid::bigint) = w.key
    WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
), holding AS MATERIALIZED (
    SELECT place, pid FROM queue WHERE holds
    UNION
    SELECT w.place, l.pid
    FROM wanted AS w JOIN "aseq_sequence" AS s ON s.name = w.called
    JOIN locks AS l ON l.transactionid = s.xmax OR l.transactionid = s.xmin
    WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted
    UNION
    SELECT q.place, l.pid
    FROM queue AS q JOIN waiting AS b ON b.pid = q.pid AND b.locktype = 'transactionid'
    JOIN locks AS l ON l.transactionid = b.transactionid
    WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted
), perhaps AS MATERIALIZED (
    SELECT w.place, l.pid
    FROM wanted AS w JOIN locks AS l ON l.relation = '"aseq_sequence"'::regclass
    WHERE w.key IS NULL AND NOT EXISTS (SELECT FROM "aseq_sequence" WHERE name = w.called)
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.mode = 'RowExclusiveLock' AND l.granted
    AND w.place NOT IN (SELECT place FROM holding)
    AND EXISTS (SELECT FROM locks AS x WHERE x.pid = l.pid AND x.locktype = 'transactionid' AND x.mode = 'ExclusiveLock' AND x.granted)
    AND l.pid NOT IN (SELECT pid FROM waiting)
), others AS (
    SELECT place, pid FROM queue WHERE NOT holds
    UNION
    SELECT h.place, b.pid
    FROM (SELECT * FROM holding UNION SELECT * FROM perhaps) AS h
    JOIN locks AS l ON l.pid = h.pid JOIN waiting AS b ON b.transactionid = l.transactionid
    WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted
    UNION
    SELECT w.place, b.pid
    FROM wanted AS w JOIN "aseq_sequence" AS s ON s.name = w.called
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
    CAST(extract(epoch FROM a.xact_start) * 1000000 AS bigint), CAST(extract(epoch FROM a.query_start) * 1000000 AS bigint), CAST(extract(epoch FROM a.state_change) * 1000000 AS bigint), CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)
FROM found AS f LEFT JOIN pg_stat_activity AS a ON a.pid = f.pid
ORDER BY f.place, f.holds DESC, a.query_start, f.pid
