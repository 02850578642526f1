UPDATE "aseq_sequence" AS s SET last = s.last + $1
WHERE s.name = $2 AND s.last BETWEEN $3 AND $4
RETURNING last
