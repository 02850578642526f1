SET STATEMENT innodb_snapshot_isolation = OFF FOR
INSERT INTO `aseq_sequence` (name, last)
SELECT w.called, w.start
FROM JSON_TABLE(%s, '$[*]' COLUMNS (
    place integer PATH '$.place',
    called varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin PATH '$.called',
    start bigint PATH '$.start',
    advance bigint PATH '$.advance',
    lowest bigint PATH '$.lowest',
    highest bigint PATH '$.highest'
)) AS w
WHERE _utf8mb4'a' REGEXP IF(@@in_transaction = 1 OR @@autocommit = 0, _utf8mb4'a', _utf8mb4'(') AND LENGTH(@aseq_kept := SPACE(0)) = 0
ORDER BY w.place
ON DUPLICATE KEY UPDATE last = CASE
    WHEN CAST(last AS SIGNED) BETWEEN w.lowest AND w.highest THEN CAST(last AS SIGNED) + w.advance
    ELSE IF(LENGTH(@aseq_kept := w.called) = 0, 0, last)
END
RETURNING IF(CONVERT(name USING utf8mb4) COLLATE utf8mb4_nopad_bin = @aseq_kept, NULL, last), NULL, (
    SELECT n.place
    FROM JSON_TABLE(%s, '$[*]' COLUMNS (
        place FOR ORDINALITY, called varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin PATH '$'
    )) AS n
    WHERE n.called = CONVERT(name USING utf8mb4) COLLATE utf8mb4_nopad_bin
), 1, 0
