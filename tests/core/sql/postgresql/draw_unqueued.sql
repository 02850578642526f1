INSERT INTO "aseq_sequence" AS s (name, last)
SELECT $1, CAST($2 AS bigint)
ON CONFLICT (name) DO UPDATE SET last = s.last + $3
WHERE s.last BETWEEN $4 AND $5
RETURNING last, CAST(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000 * 1000 AS bigint) AS waited
