SELECT pg_advisory_xact_lock(hashtextextended($1, '"aseq_sequence"'::regclass::oid::bigint)), txid_current()
