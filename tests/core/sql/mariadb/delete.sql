SET STATEMENT innodb_snapshot_isolation = OFF FOR
DELETE FROM `aseq_sequence` WHERE name = %s AND CONVERT(name USING utf8mb4) COLLATE utf8mb4_nopad_bin = %s AND _utf8mb4'a' REGEXP IF(@@in_transaction = 1 OR @@autocommit = 0, _utf8mb4'a', _utf8mb4'(')
RETURNING 1
