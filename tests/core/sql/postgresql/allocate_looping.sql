WITH wanted AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(CAST($1 AS text) AS json)) AS w(place integer, called text, queue text, start bigint, advance bigint, lowest bigint, highest bigint, first bigint, step bigint, low bigint, high bigint, room bigint, retreat bigint)
    ORDER BY place
), queue AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended(queue, '"aseq_sequence"'::regclass::oid::bigint)) FROM wanted WHERE queue IS NOT NULL
)
INSERT INTO "aseq_sequence" AS s (name, last)
SELECT called, start FROM wanted WHERE (SELECT count(*) FROM queue) >= 0
ON CONFLICT (name) DO UPDATE SET last = (
    SELECT CASE WHEN w.first IS NULL THEN s.last + w.advance ELSE CASE
    WHEN s.last NOT BETWEEN w.low AND w.high THEN w.start
    WHEN (s.last - w.first) % w.step <> 0 THEN w.start
    WHEN (s.last - w.first) / w.step < w.room THEN s.last + w.advance
    ELSE s.last - w.retreat
END END FROM wanted AS w WHERE w.called = s.name
) WHERE (
    SELECT (w.first IS NOT NULL OR s.last BETWEEN w.lowest AND w.highest) FROM wanted AS w WHERE w.called = s.name
)
RETURNING last, txid_current(), (SELECT w.place FROM wanted AS w WHERE w.called = s.name), 1, 0, CAST(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000 * 1000 AS bigint) AS waited
