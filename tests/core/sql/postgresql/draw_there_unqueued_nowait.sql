WITH saved_timeout AS MATERIALIZED (
    SELECT current_setting('lock_timeout') AS setting
), queue AS MATERIALIZED (
    SELECT true AS entered
), free AS MATERIALIZED (
    SELECT FROM saved_timeout, queue WHERE CASE
        WHEN NOT entered THEN false
        WHEN EXISTS (SELECT FROM "aseq_sequence" WHERE name = $1)
        THEN EXISTS (SELECT FROM "aseq_sequence" WHERE name = $1 FOR UPDATE SKIP LOCKED)
        ELSE set_config('lock_timeout', CASE
            WHEN setting::interval BETWEEN '1 ms' AND '50 ms' THEN setting ELSE '50ms'
        END, true) IS NOT NULL
    END
), write AS (
    UPDATE "aseq_sequence" AS s SET last = s.last + $2 FROM free
    WHERE s.name = $1 AND s.last BETWEEN $3 AND $4
    RETURNING last, CAST(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000 * 1000 AS bigint) AS waited
)
SELECT write.*, set_config('lock_timeout', saved_timeout.setting, true)
FROM saved_timeout LEFT JOIN write ON true
