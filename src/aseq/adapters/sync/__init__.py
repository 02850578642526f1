"""Executors for sync code: each works in the thread that called, without an event loop."""

from __future__ import annotations
