"""Results as the dicts and lists that JSON has."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from .series import SeriesAudit


def plain(value: Any) -> Any:
    """The value with every object in it as a dict, and every tuple as a list."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if is_dataclass(value):
        content = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        if isinstance(value, SeriesAudit):
            content |= {"ok": value.ok, "truncated": value.truncated}
        return content
    return value
