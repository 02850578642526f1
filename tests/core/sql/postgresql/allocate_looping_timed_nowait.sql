WITH RECURSIVE saved_timeout AS MATERIALIZED (
    SELECT current_setting('lock_timeout') AS setting
), wanted AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(CAST($1 AS text) AS json)) AS w(place integer, called text, queue text, start bigint, advance bigint, lowest bigint, highest bigint, first bigint, step bigint, low bigint, high bigint, room bigint, retreat bigint, since bigint, latest bigint)
), queue AS (
    SELECT 0 AS place, true AS entered
    UNION ALL
    SELECT w.place, w.queue IS NULL OR pg_try_advisory_xact_lock(hashtextextended(w.queue, '"aseq_sequence"'::regclass::oid::bigint))
    FROM queue JOIN wanted AS w ON w.place = queue.place + 1 WHERE entered
), there AS MATERIALIZED (
    SELECT count(*) AS rows FROM "aseq_sequence" WHERE name IN (SELECT called FROM wanted)
), mine AS MATERIALIZED (
    SELECT count(*) AS rows FROM (
        SELECT FROM "aseq_sequence" WHERE (SELECT bool_and(entered) FROM queue)
        AND name IN (SELECT called FROM wanted) ORDER BY name FOR UPDATE SKIP LOCKED
    ) AS locked
), free AS MATERIALIZED (
    SELECT set_config('lock_timeout', CASE
        WHEN setting::interval BETWEEN '1 ms' AND '50 ms' THEN setting ELSE '50ms'
    END, true)
    FROM saved_timeout, there, mine
    WHERE there.rows = mine.rows AND (SELECT bool_and(entered) FROM queue)
), write AS (
    INSERT INTO "aseq_sequence" AS s (name, last)
    SELECT called, start FROM (SELECT * FROM wanted, free ORDER BY place OFFSET 0) AS w
    WHERE (w.since IS NULL OR CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) BETWEEN w.since AND w.latest)
    ON CONFLICT (name) DO UPDATE SET last = (
        SELECT CASE WHEN w.first IS NULL THEN s.last + w.advance ELSE CASE
        WHEN s.last NOT BETWEEN w.low AND w.high THEN w.start
        WHEN (s.last - w.first) % w.step <> 0 THEN w.start
        WHEN (s.last - w.first) / w.step < w.room THEN s.last + w.advance
        ELSE s.last - w.retreat
    END END FROM wanted AS w WHERE w.called = s.name
    ) WHERE (
        SELECT (w.first IS NOT NULL OR s.last BETWEEN w.lowest AND w.highest) AND (w.since IS NULL OR CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) BETWEEN w.since AND w.latest) FROM wanted AS w WHERE w.called = s.name
    )
    RETURNING name, last, CAST(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000 * 1000 AS bigint) AS waited, CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) AS clock
)
SELECT write.last, txid_current(), wanted.place, EXISTS (SELECT FROM free)::integer, coalesce(write.clock, CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)), write.waited, set_config('lock_timeout', saved_timeout.setting, true)
FROM saved_timeout, (SELECT count(*) FROM write) AS written, wanted LEFT JOIN write ON write.name = wanted.called
