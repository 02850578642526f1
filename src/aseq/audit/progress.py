"""How far an audit is: it is told statement by statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class Progress(NamedTuple):
    """How far an audit is.

    Attributes:
        done: how many statements were answered.
        of: how many there are, as far as is known: what is found may need more of them.
        doing: what the next one is for.
    """

    done: int
    of: int
    doing: str

    def __str__(self) -> str:
        return f"{self.done} of {self.of} done: {self.doing}"


OnProgress: TypeAlias = Callable[[Progress], object]


class Steps:
    """Counts the statements, and tells whoever wants to know.

    Args:
        tell: is called before each statement. What it raises ends the audit.
    """

    def __init__(self, tell: OnProgress | None = None) -> None:
        self._tell = tell
        self._begun, self._of = 0, 0

    def expect(self, more: int) -> None:
        """So many statements are still to come."""
        self._of = self._begun + more

    def begin(self, doing: str) -> None:
        """The next statement is about to be sent, and those before it were answered."""
        self._of = max(self._of, self._begun + 1)
        if self._tell is not None:
            self._tell(Progress(self._begun, self._of, doing))
        self._begun += 1
