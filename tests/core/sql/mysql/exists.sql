SELECT COUNT(*) FROM information_schema.tables
WHERE table_name = 'aseq_sequence' AND CASE
    WHEN LOCATE('.', '`aseq_sequence`') = 0 THEN table_schema = DATABASE()
    ELSE CONCAT('`', table_schema, '`.`', table_name, '`') = '`aseq_sequence`'
END
