SET STATEMENT innodb_snapshot_isolation = OFF FOR
INSERT INTO `aseq_sequence` (name, last)
SELECT s.name, s.last FROM `aseq_sequence` AS s WHERE s.name = %s AND _utf8mb4'a' REGEXP IF(@@in_transaction = 1 OR @@autocommit = 0, _utf8mb4'a', _utf8mb4'(')
FOR UPDATE
ON DUPLICATE KEY UPDATE last = CAST(`aseq_sequence`.last AS SIGNED) + %s
RETURNING IF(CONVERT(name USING utf8mb4) COLLATE utf8mb4_nopad_bin = %s, last, NULL)
