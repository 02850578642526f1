"""The adapters, which are imported by name when one of their connections is seen.

One whose library isn't in the program is left out by PyInstaller, with a warning.
"""

from __future__ import annotations

from aseq import _dispatch
from aseq.sync import _dispatch as _sync_dispatch

hiddenimports = sorted({*_dispatch.ADAPTERS.values(), *_sync_dispatch.ADAPTERS.values()})
