SET STATEMENT innodb_snapshot_isolation = OFF, time_zone = '+00:00' FOR
INSERT INTO `aseq_sequence` (name, last)
SELECT %s, %s FROM DUAL
WHERE _utf8mb4'a' REGEXP IF(@@in_transaction = 1 OR @@autocommit = 0, _utf8mb4'a', _utf8mb4'(') AND EXP(999 * (SYSDATE(6) = NOW(6))) > 0 AND LENGTH(@aseq_kept := SPACE(0)) = 0 AND TIMESTAMPDIFF(MICROSECOND, '1970-01-01', SYSDATE(6)) BETWEEN %s AND %s
ON DUPLICATE KEY UPDATE last = CASE
    WHEN last BETWEEN %s AND %s AND TIMESTAMPDIFF(MICROSECOND, '1970-01-01', SYSDATE(6)) BETWEEN %s AND %s
        THEN CAST(last AS SIGNED) + %s
    ELSE IF(LENGTH(@aseq_kept := name) = 0, 0, last)
END
RETURNING IF(CONVERT(name USING utf8mb4) COLLATE utf8mb4_nopad_bin = %s AND LENGTH(@aseq_kept) = 0, last, NULL), TIMESTAMPDIFF(MICROSECOND, '1970-01-01', SYSDATE(6))
