SELECT last FROM "aseq_sequence" WHERE name = ?
