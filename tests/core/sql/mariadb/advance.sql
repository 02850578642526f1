SET STATEMENT innodb_snapshot_isolation = OFF FOR
INSERT INTO `aseq_sequence` (name, last)
SELECT %s, %s FROM DUAL WHERE _utf8mb4'a' REGEXP IF(@@in_transaction = 1 OR @@autocommit = 0, _utf8mb4'a', _utf8mb4'(')
ON DUPLICATE KEY UPDATE last = GREATEST(last, %s)
RETURNING IF(CONVERT(name USING utf8mb4) COLLATE utf8mb4_nopad_bin = %s, last, NULL)
