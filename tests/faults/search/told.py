"""What a block was told, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Span:
    """From when to when something was done."""

    began: float
    ended: float

    def meets(self, other: Span) -> bool:
        """Whether there was a moment of both."""
        return self.began <= other.ended and other.began <= self.ended


@dataclass(frozen=True)
class Told:
    """A number that its caller got."""

    name: str
    number: int
    span: Span


@dataclass
class Block:
    """What a block was told, and what became of it.

    Attributes:
        told: its numbers.
        savepoints: its savepoints and statements, each with whether it failed.
        errors: what its draws raised.
        left_by: what the block itself raised.
    """

    told: list[Told] = field(default_factory=list)
    savepoints: list[tuple[Span, bool]] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    left_by: BaseException | None = None
