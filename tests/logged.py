"""What the logger `aseq` was told, by the names of the events."""

from __future__ import annotations

import logging

import pytest


def records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Our records."""
    return [record for record in caplog.records if record.name == "aseq"]


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The events of our records."""
    return [str(vars(record)["aseq_event"]) for record in records(caplog)]
