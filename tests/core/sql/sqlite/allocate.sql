INSERT INTO "aseq_sequence" (name, last)
WITH wanted AS MATERIALIZED (
    SELECT json_extract(value, '$.place') AS place, json_extract(value, '$.called') AS called, json_extract(value, '$.queue') AS queue, json_extract(value, '$.start') AS start, json_extract(value, '$.advance') AS advance, json_extract(value, '$.lowest') AS lowest, json_extract(value, '$.highest') AS highest, json_extract(value, '$.first') AS first, json_extract(value, '$.step') AS step, json_extract(value, '$.low') AS low, json_extract(value, '$.high') AS high, json_extract(value, '$.room') AS room, json_extract(value, '$.retreat') AS retreat, json_extract(value, '$.since') AS since, json_extract(value, '$.latest') AS latest
    FROM json_each(?)
)
SELECT w.called, CASE WHEN s.name IS NULL THEN w.start ELSE CASE WHEN w.first IS NULL THEN s.last + w.advance ELSE CASE
    WHEN s.last NOT BETWEEN w.low AND w.high THEN w.start
    WHEN (s.last - w.first) % w.step <> 0 THEN w.start
    WHEN (s.last - w.first) / w.step < w.room THEN s.last + w.advance
    ELSE s.last - w.retreat
END END END
FROM wanted AS w LEFT JOIN "aseq_sequence" AS s ON s.name = w.called
WHERE (s.name IS NULL OR (w.first IS NOT NULL OR s.last BETWEEN w.lowest AND w.highest)) AND (w.since IS NULL OR CAST(round((julianday('now') - 2440587.5) * 86400000) AS integer) * 1000 BETWEEN w.since AND w.latest)
ON CONFLICT (name) DO UPDATE SET last = excluded.last
RETURNING last, NULL, (SELECT key + 1 FROM json_each(?) WHERE value = name), 1, CAST(round((julianday('now') - 2440587.5) * 86400000) AS integer) * 1000
