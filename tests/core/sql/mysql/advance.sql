SELECT last FROM `aseq_sequence` WHERE name = %s AND CONVERT(name USING utf8mb4) COLLATE utf8mb4_0900_bin = %s FOR UPDATE
