INSERT INTO "aseq_sequence" AS s (name, last)
VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET last = s.last + ?
WHERE s.last BETWEEN ? AND ?
RETURNING last
