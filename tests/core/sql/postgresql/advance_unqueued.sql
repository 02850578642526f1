INSERT INTO "aseq_sequence" AS s (name, last)
SELECT $1, CAST($2 AS bigint)
ON CONFLICT (name) DO UPDATE SET last = greatest(s.last, $3)
RETURNING last
