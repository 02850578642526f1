"""Scopes: whose numbers these are. And from scope and period to the name of a counter.

A counter is called ``series/entity=FR/tenant=7/2026``: the parts that there are, the
scopes in alphabetical order. Of each value only what would be taken for a separator is
escaped, and the sign that escapes. So the parts can be told again from the name, and no
two counters have the same one.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TypeAlias

from aseq.errors import InvalidSequence

from ._fields import DATE_FIELDS

ScopeValue: TypeAlias = str | int | Enum
Scope: TypeAlias = tuple[tuple[str, str], ...]
"""Scopes with their values, in alphabetical order."""

NAME_LIMIT = 100
"""Characters that the name of a counter may have: the table has no room for more."""

RESERVED = ("at", "nowait", "timeout", "count", "number", "text", "check", *DATE_FIELDS)

_ESCAPES = str.maketrans({"%": "%25", "/": "%2F", "=": "%3D"})


def check_name(name: object, argument: str = "scope") -> None:
    """Refuse what can't be the name of a scope.

    Raises:
        InvalidSequence: it can't be passed as a keyword, or means something else there.
    """
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise InvalidSequence(argument, f"has {name!r}, which can't be a keyword argument")
    if name in RESERVED:
        raise InvalidSequence(argument, f"has {name!r}, which means something else in a call")


def text_of(name: str, value: object) -> str:
    """The text that a scope's value is printed and counted as.

    Raises:
        InvalidSequence: it can't be one.
    """
    plain = value.value if isinstance(value, Enum) else value
    if isinstance(plain, bool) or not isinstance(plain, str | int):
        raise InvalidSequence(
            name,
            f"must be a str, an int or an Enum of these, not {type(value).__name__}; "
            "str(...) makes one of others, such as a UUID",
        )
    text = str(plain)
    if not text:
        raise InvalidSequence(name, "must not be empty")
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidSequence(name, "must not contain a NUL character or half a surrogate pair")
    return text


def complete(names: Iterable[str], bound: Scope, given: Mapping[str, object]) -> Scope:
    """All scopes with their values.

    Raises:
        InvalidSequence: one is missing, or is none of the numbering's, or has a value
            already, or can't have this one.
    """
    names = tuple(names)
    filled = fill(names, bound, given)
    missing = sorted(set(names) - {name for name, _ in filled})
    if missing:
        raise InvalidSequence(missing[0], f"is missing: pass it as {missing[0]}=...")
    return filled


def fill(names: Iterable[str], bound: Scope, given: Mapping[str, object]) -> Scope:
    """As `complete`, but some may be missing."""
    names, values = tuple(names), dict(bound)
    for name, value in given.items():
        if name not in names:
            known = ", ".join(sorted(names)) or "none"
            raise InvalidSequence(name, f"is no scope of this numbering: it has {known}")
        if name in values:
            raise InvalidSequence(name, f"is bound to {values[name]!r} already")
        values[name] = text_of(name, value)
    return tuple(sorted(values.items()))


def counter_name(series: str, scope: Scope, period: str | None) -> str:
    """What the counter of a scope and a period is called; without a period, their queue.

    Raises:
        InvalidSequence: the name gets too long. It says which value is to blame.
    """
    parts = [escaped(series), *(f"{name}={escaped(value)}" for name, value in scope)]
    if period is not None:
        parts.append(period)
    name = "/".join(parts)
    if len(name) > NAME_LIMIT:
        longest, value = max((("name", series), *scope), key=lambda item: len(escaped(item[1])))
        raise InvalidSequence(
            longest,
            f"is too long: it takes {len(escaped(value))} of the {len(name)} characters of "
            f"the counter's name, which has room for {NAME_LIMIT} ({name!r})",
        )
    return name


def escaped(value: str) -> str:
    """A value without separators. The sign itself is escaped, too: nothing else is."""
    return value.translate(_ESCAPES)
