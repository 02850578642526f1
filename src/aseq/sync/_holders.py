"""Who holds sequences that are known by their names alone, as commands know them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aseq._core.holders import holders
from aseq._core.scripts import later
from aseq._core.spec import DEFAULT_TABLE, SequenceSpec
from aseq._core.subject import Subject, some_names
from aseq._drive_sync import read_on_sync
from aseq._holders import Holder, to_holders
from aseq.adapters.base import SyncExecutor


def specs_of_name(name: str, table: str = DEFAULT_TABLE) -> Iterator[SequenceSpec]:
    """A sequence in its own queue; and one of a numbering, whose periods share a queue."""
    yield SequenceSpec(name, table=table)
    queue, slash, _ = name.rpartition("/")
    if slash and queue:
        yield SequenceSpec(name, table=table, queue=queue)


def holders_of(specs: Sequence[SequenceSpec], executor: SyncExecutor) -> list[Holder]:
    """Who holds the sequences, or waits for them, each once.

    Args:
        specs: the sequences, as they are on that connection.
        executor: the connection.
    """
    if not specs:
        return []
    about = Subject(some_names([spec.name for spec in specs]), specs[0].table, False)
    # Later: which server it is may be known only when the connection is prepared.
    plan = later(lambda: holders(specs, executor.dialect))
    seen = read_on_sync(about, plan, executor)
    once = {(each.sequence, each.holds, each.pid): each for each in to_holders(seen)}
    return list(once.values())
