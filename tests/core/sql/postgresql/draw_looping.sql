WITH queue AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended($1, '"aseq_sequence"'::regclass::oid::bigint))
)
INSERT INTO "aseq_sequence" AS s (name, last)
SELECT $2, CAST($3 AS bigint) FROM queue
ON CONFLICT (name) DO UPDATE SET last = CASE
    WHEN s.last NOT BETWEEN $4 AND $5 THEN $3
    WHEN (s.last - $6) % $7 <> 0 THEN $3
    WHEN (s.last - $6) / $7 < $8 THEN s.last + $9
    ELSE s.last - $10
END
RETURNING last, txid_current(), CAST(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000 * 1000 AS bigint) AS waited
