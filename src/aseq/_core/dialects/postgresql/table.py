"""The table on PostgreSQL."""

from __future__ import annotations

from aseq._core.dialects.fragments import CHECKS, CREATE, KEY, NAME
from aseq._core.statement import Template

# A draw rewrites one small row: leave room on its page, so that its new versions
# stay there and need no index entry, and clear the old ones away early. Half a page is
# enough for one hot row, and a table of very many sequences stays small: 300,000 of them
# take 35 MB, and 180 MB with a fillfactor of 10, at the same speed.
_STORAGE = """\
 WITH (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000
)"""

# Several workers that create the table at once would collide in the catalogue.
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended($literal, 0))"

CREATE_TABLE = (
    Template(_ONE_AT_A_TIME),
    Template(CREATE.format(name=NAME, key=KEY, checks=CHECKS, storage=_STORAGE)),
)

# CREATE TABLE IF NOT EXISTS takes the right to create even if the table exists. It would
# create it in the first schema of the search path, so one further behind doesn't count.
EXISTS = """\
SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass($literal)
AND (n.nspname = current_schema() OR position('"."' IN $literal) > 0)"""
