"""Who may import whom, as a table, compared with every import under ``src/aseq``.

::

    errors <- _core <- _drive <- _sequence -> _dispatch -> (by name, on use) adapters/*
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.layers import MODULES, complaints


@pytest.mark.parametrize("module", sorted(MODULES))
def test_each_module_imports_what_its_layer_may(module: str) -> None:
    path = MODULES[module]
    source = path.read_text(encoding="utf-8")

    told = complaints(module, source, package=path.name == "__init__.py")
    assert not told, "\n".join(told)


def test_what_tests_share_has_files_of_its_own() -> None:
    """Whoever imports a test module for a helper gets its fixtures and marks, too."""
    borrowed = re.compile(r"^ *(?:from|import) tests\.(?:\w+\.)*test_\w+", re.MULTILINE)
    folder = Path(__file__).parent
    found = {path.name: borrowed.findall(path.read_text()) for path in folder.rglob("*.py")}

    assert {name: lines for name, lines in found.items() if lines} == {}
