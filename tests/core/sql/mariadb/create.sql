CREATE TABLE IF NOT EXISTS `aseq_sequence` (
    name varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
    last bigint NOT NULL,
    PRIMARY KEY (name),
    CONSTRAINT aseq_sequence_name_check CHECK (length(name) BETWEEN 1 AND 400),
    CONSTRAINT aseq_sequence_last_check CHECK (CAST(replace(CAST(last AS char(20)), '.', 'x') AS decimal(19)) = last)
) ENGINE=InnoDB
