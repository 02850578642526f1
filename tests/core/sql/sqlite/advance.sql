INSERT INTO "aseq_sequence" AS s (name, last)
VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET last = max(s.last, ?)
RETURNING last
