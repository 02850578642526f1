"""`Sequence` for Django: the same for async code and for sync code."""

from __future__ import annotations
