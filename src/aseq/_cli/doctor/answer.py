"""An answer of the doctor's."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """What is said of a thing."""

    OK = "OK"
    WARN = "WARN"
    UNKNOWN = "CAN'T TELL"


class Answer(NamedTuple):
    """What is said of one thing.

    Attributes:
        state: how it is.
        topic: what it is about.
        text: what was seen, and what follows from it.
        paste: the line that puts it right, or tells more; "" if there is nothing to do.
    """

    state: State
    topic: str
    text: str
    paste: str = ""

    def __str__(self) -> str:
        paste = f" -> {self.paste}" if self.paste else ""
        return f"{self.state}: {self.topic}: {self.text}{paste}"


def ok(topic: str, text: str) -> Answer:
    """It is as it should be."""
    return Answer(State.OK, topic, text)


def warn(topic: str, text: str, paste: str = "") -> Answer:
    """It can lose numbers, stop those who draw, or make them slow."""
    return Answer(State.WARN, topic, text, paste)


def unknown(topic: str, text: str, paste: str = "") -> Answer:
    """It can't be seen from here."""
    return Answer(State.UNKNOWN, topic, text, paste)


def triggers(names: Sequence[str]) -> Answer:
    """What is to be said of the triggers on a table of sequences."""
    if not names:
        return ok("triggers", "there are none on the table")
    told = f"{', '.join(names)} can change or refuse what a draw writes"
    return warn("triggers", told, "aseq needs none: look whether somebody else does")
