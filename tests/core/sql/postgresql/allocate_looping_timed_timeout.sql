WITH RECURSIVE saved_timeout AS MATERIALIZED (
    SELECT current_setting('lock_timeout') AS setting
), wanted AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(CAST($1 AS text) AS json)) AS w(place integer, called text, queue text, start bigint, advance bigint, lowest bigint, highest bigint, first bigint, step bigint, low bigint, high bigint, room bigint, retreat bigint, since bigint, latest bigint)
), queue AS MATERIALIZED (
    SELECT CASE WHEN set_config('lock_timeout', CAST(CAST(least(
        nullif(extract(epoch FROM CAST(setting AS interval)) * 1000, 0),
        greatest(1, CAST($2 AS integer) - extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000)
    ) AS integer) AS text), true) IS NOT NULL
        THEN pg_advisory_xact_lock(hashtextextended(queue, '"aseq_sequence"'::regclass::oid::bigint)) IS NULL END
    FROM saved_timeout, (SELECT * FROM wanted WHERE queue IS NOT NULL ORDER BY place) AS in_order
), free AS MATERIALIZED (
    SELECT count(*) FROM queue
), write AS (
    INSERT INTO "aseq_sequence" AS s (name, last)
    SELECT called, CASE WHEN set_config('lock_timeout', CAST(CAST(least(
            nullif(extract(epoch FROM CAST(setting AS interval)) * 1000, 0),
            greatest(1, CAST($2 AS integer) - extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000)
        ) AS integer) AS text), true) IS NOT NULL THEN start END
        FROM saved_timeout, (SELECT * FROM wanted, free ORDER BY place OFFSET 0) AS w
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
SELECT write.last, txid_current(), wanted.place, EXISTS (SELECT FROM free)::integer, coalesce(write.clock, CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)), write.waited, CAST(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000 AS integer), set_config('lock_timeout', saved_timeout.setting, true)
FROM saved_timeout, (SELECT count(*) FROM write) AS written, wanted LEFT JOIN write ON write.name = wanted.called
