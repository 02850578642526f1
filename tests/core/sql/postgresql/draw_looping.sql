WITH queue AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended($1, '"aseq_sequence"'::regclass::oid::bigint))
)
INSERT INTO "aseq_sequence" AS s (name, last)
SELECT $1, CAST($2 AS bigint) FROM queue
ON CONFLICT (name) DO UPDATE SET last = CASE
    WHEN s.last NOT BETWEEN $3 AND $4 THEN $2
    WHEN (s.last - $5) % $6 <> 0 THEN $2
    WHEN (s.last - $5) / $6 < $7 THEN s.last + $8
    ELSE s.last - $9
END
RETURNING last, txid_current()
