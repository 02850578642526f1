INSERT INTO "aseq_sequence" AS s (name, last)
VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET last = CASE
    WHEN s.last NOT BETWEEN ? AND ? THEN ?
    WHEN (s.last - ?) % ? <> 0 THEN ?
    WHEN (s.last - ?) / ? < ? THEN s.last + ?
    ELSE s.last - ?
END
RETURNING last
