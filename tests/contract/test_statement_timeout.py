"""PostgreSQL's statement_timeout ends a wait: its error knows no sequence, so a note does."""

from __future__ import annotations

import pytest

from aseq import AseqError, AsyncSequence, is_retryable
from tests.contract.verbs import BOUNDED_DRAWS
from tests.database import Database
from tests.faults.aftermath import commit_anyway

pytestmark = pytest.mark.only(dialect="postgresql")

NOTE = (
    "aseq: the server ended a wait for sequence {name!r}, because of statement_timeout "
    "(unless somebody cancelled the statement). Another transaction held the sequence for so "
    "long: `aseq.holders`, on another connection, tells which. `timeout=` bounds the wait by "
    "raising SequenceLocked, which is worth another try"
)


@pytest.mark.parametrize("verb", BOUNDED_DRAWS)
async def test_the_error_names_the_sequence_and_the_cure(
    database: Database, name: str, verb: str
) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as holder, database.connect() as waiter:
        async with holder.transaction():
            await seq.next_value(holder.conn)

            async def draw() -> int:
                await waiter.execute("SET LOCAL statement_timeout = '50ms'")
                number: int = await BOUNDED_DRAWS[verb](seq, waiter.conn, None)
                return number

            with pytest.raises(Exception, match="statement timeout") as caught:
                await commit_anyway(waiter, name, draw)
        named = f"{name}, {name}-other" if verb == "allocate" else name
        assert not isinstance(caught.value, AseqError)
        assert caught.value.__notes__ == [NOTE.format(name=named)]
        assert not is_retryable(caught.value)
