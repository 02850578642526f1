"""What a session of MariaDB or MySQL may have set, with which the rows of others are misread.

A draw reads no column but its own, and no setting matters to it. Whoever reads the caller's own
columns asks for `SETTINGS` first.
"""

from __future__ import annotations

SETTINGS = "@@sql_mode, @@sql_select_limit, @@max_sort_length"

_MISREAD = {
    "PAD_CHAR_TO_FULL_LENGTH": "with which a CHAR has blanks that aren't stored, and would be "
    "another scope",
    "EMPTY_STRING_IS_NULL": "with which '' is NULL wherever a statement has it",
}
_WITHOUT = "SET SESSION sql_mode = REPLACE(@@sql_mode, '{mode}', '')"
_UNLIMITED = 2**63
_LONG_ENOUGH = 1024
"""What both have by default: more than the name of any sequence takes."""


def misread(modes: object, limit: object, length: object) -> tuple[str, str] | None:
    """What is set that would make answers wrong.

    Args:
        modes: the session's sql_mode.
        limit: its sql_select_limit.
        length: its max_sort_length.

    Returns:
        the setting with what it does, and what to do; None if all is well.
    """
    for mode in str(modes).split(","):
        if mode in _MISREAD:
            return f"sql_mode {mode}, {_MISREAD[mode]}", _WITHOUT.format(mode=mode)
    if int(str(limit)) < _UNLIMITED:
        cut = f"sql_select_limit {limit}, with which answers are cut short"
        return cut, "SET SESSION sql_select_limit = DEFAULT"
    if int(str(length)) < _LONG_ENOUGH:
        alike = f"max_sort_length {length}, with which scopes that only begin alike are one"
        return alike, "SET SESSION max_sort_length = DEFAULT"
    return None
