"""From the parts of a pattern to SQL that splits texts: before the number, number, behind it.

SQL only splits, in the order in which a pattern reads: what stands before the number (its
head) and behind it (its tail) is the same for all texts of a series, so there are few heads
and tails, however many texts there are, and Python's own reading judges these. That is
enough: what a pattern reads from a head and a tail doesn't depend on the number between
them. (The check digit does; it is compared by itself.)

Each step is a subquery that the database must not flatten: it would compute the same text
again wherever it is used.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aseq._sql import LENGTH, TEXT, Binds
from aseq.numbering._fields import DATE_FIELDS
from aseq.numbering._parts import Check, Date, Literal, Number, Part, ScopeField

_ALNUM = f"{string.digits}{string.ascii_letters}"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of database says what splitting needs.

    Attributes:
        position: the function that finds one text in another.
        head: the SQL for the first characters of a text: of how many.
        rest: the SQL for what is behind them. There is at least one.
        strip: the SQL for a text without certain characters at its beginning.
        fence: at the end of a subquery, keeps it from being flattened.
        integer: the SQL for a text's number, which has no sign; NULL if it is none.
    """

    position: str
    head: str
    rest: str
    strip: str
    fence: str
    integer: str


class Split:
    """How the texts of one pattern are split.

    Args:
        parts: of the pattern.
        dialect: of the database.
    """

    def __init__(self, parts: Sequence[Part], dialect: Dialect) -> None:
        place = next(i for i, part in enumerate(parts) if isinstance(part, Number))
        self._before, self._behind = parts[:place], parts[place + 1 :]
        self._check = _check_width(self._behind)
        self._dialect = dialect

    @property
    def columns(self) -> tuple[str, ...]:
        """Which columns tell the series, of those that `rows` adds."""
        return ("h", "z") if self._behind else ("h",)

    def rows(self, select: str, bind: Binds) -> str:
        """The rows of a query that has the text as ``t``; with ``h``, ``z`` and ``n``."""
        at = self._offset("t", bind)
        steps = [] if at.isdigit() else [f"{at} AS p"]
        at = at if at.isdigit() else "p"
        steps.append(f"{self._head('t', at)} AS h, {self._rest('t', at)} AS r")
        number = "r"
        if self._behind:
            steps += [
                f"{self._tail} AS z",
                f"{self._head('r', f'{LENGTH}(r) - {LENGTH}(z)')} AS w",
            ]
            number = "w"
        steps.append(f"{self._number(number)} AS n")
        for step in steps:
            select = f"SELECT q.*, {step} FROM ({select} {self._dialect.fence}) q"
        return f"{select} {self._dialect.fence}"

    def _head(self, text: str, width: str) -> str:
        return self._dialect.head.format(text, width)

    def _rest(self, text: str, at: str) -> str:
        return text if at == "0" else self._dialect.rest.format(text, at)

    def _is_negative(self, text: str) -> str:
        return f"{self._head(text, '1')} = '-'"

    @property
    def _tail(self) -> str:
        """What stands behind the digits; NULL if there is no room for the check."""
        if not self._check:
            return self._behind_any(string.digits)
        behind = self._behind_any(_ALNUM)
        run = f"{LENGTH}(r) - {LENGTH}({behind}) - {self._check}"
        return f"CASE WHEN {run} > 0 THEN substr(r, {run} + 1) END"

    def _behind_any(self, characters: str) -> str:
        """What stands behind a sign and any of some characters."""
        strip = self._dialect.strip
        unsigned = strip.format(self._rest("r", "1"), characters)
        return (
            f"CASE WHEN {self._is_negative('r')} THEN {unsigned} "
            f"ELSE {strip.format('r', characters)} END"
        )

    def _number(self, text: str) -> str:
        # Few are negative, so that is asked only of texts that aren't digits throughout.
        positive = self._dialect.integer.format(text)
        negative = self._dialect.integer.format(self._rest(text, "1"))
        sign = f"CASE WHEN {self._is_negative(text)} THEN -({negative}) END"
        return f"coalesce({positive}, {sign})"

    def _offset(self, text: str, bind: Binds) -> str:
        """How many characters stand before the number; NULL if a scope has no end."""
        at = "0"
        for part in self._before:
            at = self._past(part, text, at, bind)
        return at

    def _past(self, part: Part, text: str, at: str, bind: Binds) -> str:
        if not isinstance(part, ScopeField):
            return _sum(at, _width(part))
        # A scope ends where the literal begins that stands behind it.
        found = (
            f"{self._dialect.position}({self._rest(text, at)}, {_text(str(part.until), bind)})"
        )
        return f"({at} + nullif({found}, 0) - 1)"

    def fits(self, head: str, tail: str, bind: Binds) -> str:
        """A condition that no text of the pattern fails: what is a literal, what are digits.

        Reading is stricter still. But texts of another pattern have as many heads as there
        are texts, and shall not be read one by one.
        """
        told = [f"{head} IS NOT NULL", *self._told(self._before, head, bind)]
        if self._behind:
            told += [f"{tail} IS NOT NULL", *self._told(self._behind, tail, bind)]
        return " AND ".join(told)

    def _told(self, parts: Sequence[Part], text: str, bind: Binds) -> Iterator[str]:
        at = "0"
        for part in parts:
            here = f"substr({text}, {at} + 1, {_width(part)})"
            if isinstance(part, Literal):
                yield f"{here} = {_text(part.text, bind)}"
            elif isinstance(part, Date):
                stripped = self._dialect.strip.format(here, string.digits)
                yield f"{LENGTH}({here}) = {_width(part)} AND {stripped} = ''"
            elif isinstance(part, ScopeField) and part.until is None:
                return  # the end
            at = self._past(part, text, at, bind)
        if parts:
            yield f"{LENGTH}({text}) = {at}"


def _text(value: str, bind: Binds) -> str:
    return f"CAST({bind(value)} AS {TEXT})"


def _check_width(behind: Sequence[Part]) -> int:
    """How many characters of a check stand right behind the number."""
    return behind[0].width if behind and isinstance(behind[0], Check) else 0


def _sum(at: str, width: int) -> str:
    return str(int(at) + width) if at.isdigit() else f"({at} + {width})"


def _width(part: Part) -> int:
    match part:
        case Literal(text):
            return len(text)
        case Date(name):
            return DATE_FIELDS[name].width
        case Check(width):
            return width
        case _:
            return 0
