UPDATE "aseq_sequence" AS s SET last = s.last + $1
WHERE s.name = $2 AND s.last BETWEEN $3 AND $4
RETURNING last, CAST(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000 * 1000 AS bigint) AS waited
