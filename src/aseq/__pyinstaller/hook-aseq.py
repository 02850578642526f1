"""The adapters, which are imported by name when a connection of theirs is seen.

One whose library isn't in the program is left out by PyInstaller, with a warning.
"""

from __future__ import annotations

from aseq._dispatch import ADAPTERS

hiddenimports = sorted(set(ADAPTERS.values()))
