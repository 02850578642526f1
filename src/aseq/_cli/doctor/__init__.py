"""Whether a database is set up for aseq: one answer to each question, with the line to paste.

Some of it can't be seen from here: what an application's own engine does, what a proxy does
that isn't PgBouncer, what a standby has really written. "OK" or "WARN" would be a lie there, so
there is a third answer.
"""
