DROP TABLE IF EXISTS `aseq_sequence`
