"""From the text of a pattern to its parts, and everything that a pattern is refused for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from string import Formatter

from aseq.errors import InvalidSequence

from . import _scope
from ._fields import DATE_FIELDS
from ._parts import Check, Date, Literal, Number, Part, ScopeField, is_digits

_PADDING = re.compile(r"0([1-9][0-9]?)d?")
_WIDEST = 30

# What other systems call the fields, and what is meant.
_OTHERS = {
    "yyyy": "year",
    "mm": "month",
    "dd": "day",
    "ww": "week",
    "q": "quarter",
    "fy": "fiscal_year",
    "seq": "number",
    "sequence": "number",
    "no": "number",
    "n": "number",
}


def compiled(pattern: object, declared: frozenset[str], check: int) -> tuple[Part, ...]:
    """The parts of a pattern.

    Args:
        pattern: its text, with its fields in braces.
        declared: the scopes that the numbering names, whether printed or not.
        check: how many characters the check digit takes; 0 if there is none.

    Raises:
        InvalidSequence: it can't work, or would print two numbers alike.
    """
    if not isinstance(pattern, str):
        raise _refused(f"must be a str, not {type(pattern).__name__}")
    if "\0" in pattern or any("\ud800" <= char <= "\udfff" for char in pattern):
        raise _refused("must not contain a NUL character or half a surrogate pair")
    parts = [_part(piece, declared, check) for piece in _pieces(pattern)]
    if check and not any(isinstance(part, Check) for part in parts):
        parts.append(Check(check))
    _check_names(parts)
    return tuple(_joined(parts))


def _refused(problem: str) -> InvalidSequence:
    return InvalidSequence("pattern", problem)


Piece = str | tuple[str, str]
"""A literal, or a field and what stands behind its colon."""


def _pieces(pattern: str) -> Iterator[Piece]:
    literal = ""  # a doubled brace ends a literal early
    try:
        for text, name, spec, conversion in Formatter().parse(pattern):
            literal += text
            if name is None:
                continue
            if conversion:
                raise _refused(f"has a conversion, !{conversion}, which means nothing here")
            if literal:
                yield literal
            literal = ""
            yield name, spec or ""
    except InvalidSequence:
        raise
    except ValueError as exc:
        raise _refused(f"has a brace alone; double it if it is text: {exc}") from None
    if literal:
        yield literal


def _part(piece: Piece, declared: frozenset[str], check: int) -> Part:
    if isinstance(piece, str):
        return Literal(piece)
    name, spec = piece
    if name == "number":
        return Number(_padding(spec), check=0)
    if spec:
        raise _refused(f"has {{{name}:{spec}}}: only {{number}} is padded, write {{{name}}}")
    if name in DATE_FIELDS:
        return Date(name)
    if name == "check":
        if not check:
            raise _refused("has {check}: give the numbering a check=, which computes it")
        return Check(check)
    if name not in declared:
        _check_scope(name)
    return ScopeField(name, until=None)


def _padding(spec: str) -> int:
    if not spec:
        return 1
    found = _PADDING.fullmatch(spec)
    if found is None or int(found[1]) > _WIDEST:
        raise _refused(
            f"has {{number:{spec}}}: write for example {{number:05}} for at least 5 digits "
            f"(at most {_WIDEST}), or {{number}}"
        )
    return int(found[1])


def _check_scope(name: str) -> None:
    """Refuse a scope that looks like a slip: printed, but not named in ``scope=``."""
    if not name:
        raise _refused("has a field without a name: {}")
    if not name.isidentifier():
        raise _refused(f"has an unknown field: {{{name}}}")
    _scope.check_name(name, "pattern")
    known = ("number", "check", *DATE_FIELDS)
    close = get_close_matches(name.lower(), known, n=1, cutoff=0.75)
    meant = _OTHERS.get(name.lower(), close[0] if close else None)
    if meant is not None:
        raise _refused(
            f"has an unknown field, {{{name}}}: is {{{meant}}} meant? If it is a scope, name "
            f"it: scope=[{name!r}]"
        )


def _check_names(parts: list[Part]) -> None:
    names = [_name(part) for part in parts if not isinstance(part, Literal)]
    for name in names:
        if names.count(name) > 1:
            raise _refused(f"has {{{name}}} twice")
    if "number" not in names:
        raise _refused("has no {number}")


def _name(part: Part) -> str:
    if isinstance(part, Date | ScopeField):
        return part.name
    return "number" if isinstance(part, Number) else "check"


def _joined(parts: list[Part]) -> Iterator[Part]:
    """The parts, each knowing what it must of the one behind it."""
    for part, behind in zip(parts, [*parts[1:], None], strict=True):
        if isinstance(part, Number):
            yield _number(part, behind, parts)
        elif isinstance(part, ScopeField):
            if behind is not None and not isinstance(behind, Literal):
                raise _run_together(part, behind)
            yield ScopeField(part.name, None if behind is None else behind.text)
        else:
            yield part


def _number(part: Number, behind: Part | None, parts: list[Part]) -> Number:
    if isinstance(behind, Check):
        after = parts[parts.index(behind) + 1 :]
        text = after[0].text if after and isinstance(after[0], Literal) else ""
        if after and not text:
            raise _run_together(behind, after[0])
        if text and text[0].isascii() and text[0].isalnum():
            raise _refused(f"has {text!r} behind {{check}}, which could be part of it")
        return Number(part.width, check=behind.width)
    if isinstance(behind, Literal):
        if is_digits(behind.text[0]):
            raise _refused(f"has {behind.text!r} behind {{number}}, which could be part of it")
    elif behind is not None:
        raise _run_together(part, behind)
    return part


def _run_together(part: Part, behind: Part) -> InvalidSequence:
    return _refused(
        f"has {{{_name(part)}}}{{{_name(behind)}}}: put some text between them, or two numbers "
        "could be printed alike"
    )
