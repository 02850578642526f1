DELETE FROM `aseq_sequence` WHERE name = %s AND CONVERT(name USING utf8mb4) COLLATE utf8mb4_0900_bin = %s AND _utf8mb4'a' REGEXP IF(@@autocommit = 0, _utf8mb4'a', _utf8mb4'(')
