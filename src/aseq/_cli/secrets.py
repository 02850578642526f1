"""Takes out of texts what must not be printed, whoever made them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

HIDDEN = "***"

_URL = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]*:/{1,3}[^\s'\"<>]*[@?][^\s'\"<>]*")
_OPTION = re.compile(r"((?:pass(?:word|wd)|pwd)['\"]?\s*[=:]\s*)[^\s,;&)]+", re.IGNORECASE)


class Secrets:
    """What this run of the command knows and must not print."""

    def __init__(self) -> None:
        self._texts = set[str]()

    def add(self, *texts: str | None) -> None:
        """Learn what must not be printed: as it is, and as URLs and Python spell it."""
        for text in filter(None, texts):
            self._texts |= {text, quote(text, safe=""), quote(text), quote_plus(text)}
            self._texts |= {repr(text)[1:-1], repr(repr(text))[2:-2]}

    def scrub(self, text: str) -> str:
        """The text without them, without any URL that has more than a place in it."""
        for each in _longest_first(self._texts):
            text = _whole(each).sub(HIDDEN, text)
        return _OPTION.sub(rf"\1{HIDDEN}", _URL.sub(HIDDEN, text))


def _longest_first(texts: Iterable[str]) -> list[str]:
    return sorted(texts, key=lambda text: (-len(text), text))


def _whole(text: str) -> re.Pattern[str]:
    """Where it stands by itself: a user "app" is no part of "application"."""
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(text)}(?![A-Za-z0-9])")


SECRETS = Secrets()
"""Those of the process: a command runs once."""
