WITH queue AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended($1, '"aseq_sequence"'::regclass::oid::bigint))
)
INSERT INTO "aseq_sequence" AS s (name, last)
SELECT $2, CAST($3 AS bigint) FROM queue
ON CONFLICT (name) DO UPDATE SET last = s.last + $4
WHERE s.last BETWEEN $5 AND $6
RETURNING last, txid_current(), CAST(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000 * 1000 AS bigint) AS waited
