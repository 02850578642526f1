DELETE FROM "aseq_sequence" WHERE name = ? RETURNING last
