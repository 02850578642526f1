"""What must be true after a schedule: nothing lost, nothing told twice, nobody else hit.

Every number up to the counter was told to a caller whose block was committed. A number that
a failing savepoint of a sibling took along may have been told in vain, and told again: its
caller didn't draw it in the same savepoint as it used it, which the promise asks for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from tests.faults.search.told import Block, Told

_OF_ANOTHER = ("current transaction is aborted", "not authorized", "prohibited")
"""What a transaction says that was made unusable, on PostgreSQL and on SQLite."""


def wrong_numbers(
    before: Mapping[str, int], after: Mapping[str, int], committed: Iterable[Block]
) -> Iterator[str]:
    """What is wrong with the numbers of some blocks, given the counters around them."""
    told = [(told, block) for block in committed for told in block.told]
    for name, last in after.items():
        new = set(range(before[name] + 1, last + 1))
        ours = [(item, block) for item, block in told if item.name == name]
        kept = Counter(item.number for item, block in ours if not undone(item, block))
        if lost := new - {item.number for item, _ in ours}:
            yield f"lost: {sorted(lost)} of {name}"
        if again := set(kept) - new:
            yield f"told, and will be told again: {sorted(again)} of {name}"
        if twice := [number for number, times in kept.items() if times > 1]:
            yield f"told twice: {twice} of {name}"


def undone(item: Told, block: Block) -> bool:
    """Whether a savepoint may have taken the number along.

    Where savepoints of two tasks overlap, the one that is rolled back may be the other's:
    those of the same name, for example.
    """
    reach = [span for span, failed in block.savepoints if failed]
    others = [span for span, failed in block.savepoints if not failed]
    while met := [span for span in others if any(map(span.meets, reach))]:
        reach += met
        others = [span for span in others if span not in met]
    return any(map(item.span.meets, reach))


def hits(block: Block) -> Iterator[str]:
    """Whether an innocent block was made unusable."""
    error = block.left_by
    while error is not None:
        if any(words in str(error) for words in _OF_ANOTHER):
            yield f"an abort hit the next transaction: {error!r}"
            return
        error = error.__cause__ or error.__context__
