DELETE FROM `aseq_sequence` WHERE name = %s AND CONVERT(name USING utf8mb4) COLLATE utf8mb4_0900_bin = %s AND IF(@@autocommit = 0, 1, (SELECT 1 UNION ALL SELECT 2))
