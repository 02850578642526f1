UPDATE `aseq_sequence` SET last = CAST(LAST_INSERT_ID((CAST(last AS SIGNED) + %s) ^ 9223372036854775808) ^ 9223372036854775808 AS SIGNED)
WHERE name = %s AND CONVERT(name USING utf8mb4) COLLATE utf8mb4_0900_bin = %s AND last IS NOT NULL AND _utf8mb4'a' REGEXP IF(@@autocommit = 0, _utf8mb4'a', _utf8mb4'(')
