"""The command ``aseq``: the verbs of `aseq.sync` from a shell, on whichever driver is there.

A verb is written once, in sync code, on SQLAlchemy's `Connection`. psycopg, psycopg2, PyMySQL,
mysqlclient and sqlite3 serve one directly. asyncpg and asyncmy know no sync code: there the
same `Connection` stands on SQLAlchemy's `AsyncConnection.run_sync`, which awaits wherever the
driver has to. The other way round, from an event loop, neither psycopg2 nor sqlite3 could be
had, and nobody would have anything from the loop: a command does one thing after the other.

Three rules hold everywhere:

* Of a URL, only driver, host, port and database are printed. Texts that others made (a
  driver, the parser of arguments, a traceback) pass through `secrets` first.
* 1 is the code for findings and for nothing else: see `main`.
* A table is for a terminal. Everything else gets one thing a line, and nothing is cut.
"""
