SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass('"aseq_sequence"')
AND (n.nspname = current_schema() OR position('"."' IN '"aseq_sequence"') > 0)
