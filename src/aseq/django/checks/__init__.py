"""System checks: what would lose numbers, fail, or start again, and what to do about it.

``manage.py check`` looks at the settings and the models; with ``--database default``, as
`migrate` does it, at that database as well.
"""

from __future__ import annotations

from . import database, models, settings

__all__ = ("database", "models", "settings")
