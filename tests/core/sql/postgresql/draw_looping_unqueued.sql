INSERT INTO "aseq_sequence" AS s (name, last)
SELECT $1, CAST($2 AS bigint)
ON CONFLICT (name) DO UPDATE SET last = CASE
    WHEN s.last NOT BETWEEN $3 AND $4 THEN $2
    WHEN (s.last - $5) % $6 <> 0 THEN $2
    WHEN (s.last - $5) / $6 < $7 THEN s.last + $8
    ELSE s.last - $9
END
RETURNING last, CAST(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000 * 1000 AS bigint) AS waited
