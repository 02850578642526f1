DELETE FROM "aseq_sequence" WHERE name = ? RETURNING 1
