WITH saved_timeout AS MATERIALIZED (
    SELECT current_setting('lock_timeout') AS setting
), time_left AS MATERIALIZED (
    SELECT set_config('lock_timeout', CAST(CAST(least(
        nullif(extract(epoch FROM CAST(setting AS interval)) * 1000, 0),
        greatest(1, CAST($1 AS integer) - extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000)
    ) AS integer) AS text), true)
    FROM saved_timeout
), queue AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended($2, '"aseq_sequence"'::regclass::oid::bigint)) FROM time_left
), free AS MATERIALIZED (
    SELECT set_config('lock_timeout', CAST(CAST(least(
        nullif(extract(epoch FROM CAST(setting AS interval)) * 1000, 0),
        greatest(1, CAST($1 AS integer) - extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000)
    ) AS integer) AS text), true)
    FROM saved_timeout, queue
), write AS (
    INSERT INTO "aseq_sequence" AS s (name, last)
    SELECT $3, CAST($4 AS bigint) FROM free
    ON CONFLICT (name) DO UPDATE SET last = s.last + $5
    WHERE s.last BETWEEN $6 AND $7
    RETURNING last, txid_current(), CAST(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000 * 1000 AS bigint) AS waited
)
SELECT write.*, set_config('lock_timeout', saved_timeout.setting, true)
FROM saved_timeout LEFT JOIN write ON true
