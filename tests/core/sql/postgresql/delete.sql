DELETE FROM "aseq_sequence" AS s WHERE s.name = $1 RETURNING 1
