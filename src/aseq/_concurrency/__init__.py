"""Tasks, threads and cancellation. Knows no database, and nothing of aseq."""
