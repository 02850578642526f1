SELECT pg_stat_clear_snapshot()
