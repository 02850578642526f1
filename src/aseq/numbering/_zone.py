"""From what the caller calls a time zone to a zone."""

from __future__ import annotations

from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from aseq.errors import InvalidSequence

_NO_DATA = (
    "can't be {name!r}: this machine has no data about time zones. Install the package tzdata "
    "from PyPI"
)
_UNKNOWN = (
    "must be a zone of the IANA database, such as 'Europe/Paris': {name!r} isn't known here. "
    "If the name is right, install the package tzdata from PyPI"
)


def zone_of(tz: object) -> tzinfo | None:
    """The zone for the argument ``tz``.

    Raises:
        InvalidSequence: it isn't one, or can't be found.
    """
    if tz is None or isinstance(tz, tzinfo):
        return tz
    if not isinstance(tz, str):
        raise InvalidSequence(
            "tz", f"must be the name of a time zone or a tzinfo, not {type(tz).__name__}"
        )
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        text = _UNKNOWN if available_timezones() else _NO_DATA
        raise InvalidSequence("tz", text.format(name=tz)) from None
