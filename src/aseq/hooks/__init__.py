"""Hooks: for whoever wants to know how long draws wait, how many there are, and what fails.

There are none unless you set some, and then they cost nothing. A hook is called with the facts
when a call that draws numbers has ended, whichever way it was made: on any connection, in async
or sync code, from an issuer. It can't disturb the call: what it raises is dropped.
"""

from __future__ import annotations

from ._details import DrawDetails, Outcome
from ._ready import logging_hook, opentelemetry_hook, prometheus_hook
from ._registry import Hook, around, get_hooks, set_hooks

__all__ = (
    "DrawDetails",
    "Hook",
    "Outcome",
    "around",
    "get_hooks",
    "logging_hook",
    "opentelemetry_hook",
    "prometheus_hook",
    "set_hooks",
)
