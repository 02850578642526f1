SET STATEMENT innodb_snapshot_isolation = OFF, max_statement_time = IF(@@max_statement_time BETWEEN 0.000001 AND %s / 1000, @@max_statement_time, %s / 1000) FOR
INSERT INTO `aseq_sequence` (name, last)
SELECT %s, %s FROM DUAL WHERE _utf8mb4'a' REGEXP IF(@@in_transaction = 1 OR @@autocommit = 0, _utf8mb4'a', _utf8mb4'(')
ON DUPLICATE KEY UPDATE last = CASE
    WHEN CAST(last AS SIGNED) NOT BETWEEN %s AND %s THEN %s
    WHEN (CAST(last AS SIGNED) - %s) MOD %s <> 0 THEN %s
    WHEN (CAST(last AS SIGNED) - %s) DIV %s < %s THEN CAST(last AS SIGNED) + %s
    ELSE CAST(last AS SIGNED) - %s
END
RETURNING IF(CONVERT(name USING utf8mb4) COLLATE utf8mb4_nopad_bin = %s, last, NULL)
