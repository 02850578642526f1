WITH queue AS MATERIALIZED (
    SELECT
), write AS (
    INSERT INTO "aseq_sequence" AS s (name, last)
    SELECT $1, CAST($2 AS bigint) FROM queue WHERE CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) BETWEEN CAST($3 AS bigint) AND CAST($4 AS bigint)
    ON CONFLICT (name) DO UPDATE SET last = s.last + $5
    WHERE s.last BETWEEN $6 AND $7 AND CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) BETWEEN CAST($3 AS bigint) AND CAST($4 AS bigint)
    RETURNING last, CAST(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000 * 1000 AS bigint) AS waited, CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) AS clock
)
SELECT write.*, coalesce(write.clock, CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint))
FROM queue LEFT JOIN write ON true
