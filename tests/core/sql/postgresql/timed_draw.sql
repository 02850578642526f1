WITH queue AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended($1, '"aseq_sequence"'::regclass::oid::bigint))
), write AS (
    INSERT INTO "aseq_sequence" AS s (name, last)
    SELECT $2, CAST($3 AS bigint) FROM queue WHERE CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) BETWEEN CAST($4 AS bigint) AND CAST($5 AS bigint)
    ON CONFLICT (name) DO UPDATE SET last = s.last + $6
    WHERE s.last BETWEEN $7 AND $8 AND CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) BETWEEN CAST($4 AS bigint) AND CAST($5 AS bigint)
    RETURNING last, txid_current(), CAST(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000 * 1000 AS bigint) AS waited, CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) AS clock
)
SELECT write.*, coalesce(write.clock, CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint))
FROM queue LEFT JOIN write ON true
