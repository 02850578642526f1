WITH saved_timeout AS MATERIALIZED (
    SELECT current_setting('lock_timeout') AS setting
), queue AS MATERIALIZED (
    SELECT true AS entered
), free AS MATERIALIZED (
    SELECT FROM saved_timeout, queue WHERE CASE
        WHEN NOT (entered AND CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) BETWEEN CAST($1 AS bigint) AND CAST($2 AS bigint)) THEN false
        WHEN EXISTS (SELECT FROM "aseq_sequence" WHERE name = $3)
        THEN EXISTS (SELECT FROM "aseq_sequence" WHERE name = $3 FOR UPDATE SKIP LOCKED)
        ELSE set_config('lock_timeout', CASE
            WHEN setting::interval BETWEEN '1 ms' AND '50 ms' THEN setting ELSE '50ms'
        END, true) IS NOT NULL
    END
), write AS (
    INSERT INTO "aseq_sequence" AS s (name, last)
    SELECT $3, CAST($4 AS bigint) FROM free WHERE CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) BETWEEN CAST($1 AS bigint) AND CAST($2 AS bigint)
    ON CONFLICT (name) DO UPDATE SET last = s.last + $5
    WHERE s.last BETWEEN $6 AND $7 AND CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) BETWEEN CAST($1 AS bigint) AND CAST($2 AS bigint)
    RETURNING last, CAST(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000 * 1000 AS bigint) AS waited, CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) AS clock
)
SELECT write.*, set_config('lock_timeout', saved_timeout.setting, true), coalesce(write.clock, CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint))
FROM saved_timeout LEFT JOIN write ON true
