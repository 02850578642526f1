"""Programs packed by PyInstaller: what it asks, and what it is told."""

from __future__ import annotations

import runpy
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from aseq._dispatch import ADAPTERS
from aseq.sync._dispatch import ADAPTERS as SYNC_ADAPTERS


def test_pyinstaller_is_told_of_every_adapter() -> None:
    [point] = [one for one in entry_points(group="pyinstaller40") if "aseq" in one.value]
    [folder] = point.load()()

    hook = runpy.run_path(str(Path(folder) / "hook-aseq.py"))

    assert set(hook["hiddenimports"]) == {*ADAPTERS.values(), *SYNC_ADAPTERS.values()}
    assert all(find_spec(name) for name in hook["hiddenimports"] if "django" not in name)
