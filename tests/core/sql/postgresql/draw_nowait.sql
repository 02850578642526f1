WITH saved_timeout AS MATERIALIZED (
    SELECT current_setting('lock_timeout') AS setting
), queue AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(hashtextextended($1, '"aseq_sequence"'::regclass::oid::bigint)) AS entered
), free AS MATERIALIZED (
    SELECT FROM saved_timeout, queue WHERE CASE
        WHEN NOT entered THEN false
        WHEN EXISTS (SELECT FROM "aseq_sequence" WHERE name = $2)
        THEN EXISTS (SELECT FROM "aseq_sequence" WHERE name = $2 FOR UPDATE SKIP LOCKED)
        ELSE set_config('lock_timeout', CASE
            WHEN setting::interval BETWEEN '1 ms' AND '50 ms' THEN setting ELSE '50ms'
        END, true) IS NOT NULL
    END
), write AS (
    INSERT INTO "aseq_sequence" AS s (name, last)
    SELECT $2, CAST($3 AS bigint) FROM free
    ON CONFLICT (name) DO UPDATE SET last = s.last + $4
    WHERE s.last BETWEEN $5 AND $6
    RETURNING last, txid_current(), CAST(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000 * 1000 AS bigint) AS waited
)
SELECT write.*, set_config('lock_timeout', saved_timeout.setting, true)
FROM saved_timeout LEFT JOIN write ON true
