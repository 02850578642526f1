DELETE FROM "aseq_sequence" WHERE name = $1 RETURNING last
