CREATE TABLE IF NOT EXISTS `aseq_sequence` (
    name varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
    last bigint NOT NULL,
    PRIMARY KEY (name),
    CONSTRAINT aseq_sequence_name_check CHECK (char_length(name) BETWEEN 1 AND 100)
) ENGINE=InnoDB
