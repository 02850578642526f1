SELECT pg_advisory_xact_lock(hashtextextended('"aseq_sequence"', 0))
