INSERT INTO "aseq_sequence" AS s (name, last)
VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET last = min(s.last, ?)
RETURNING last
