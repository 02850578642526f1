UPDATE "aseq_sequence" AS s SET last = s.last + ?
WHERE s.name = ? AND s.last BETWEEN ? AND ?
RETURNING last
