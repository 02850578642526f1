INSERT INTO "aseq_sequence" AS s (name, last)
SELECT ?, ? WHERE CAST(round((julianday('now') - 2440587.5) * 86400000) AS integer) * 1000 BETWEEN ? AND ?
ON CONFLICT (name) DO UPDATE SET last = s.last + ?
WHERE s.last BETWEEN ? AND ?
RETURNING last, CAST(round((julianday('now') - 2440587.5) * 86400000) AS integer) * 1000
