"""Who may import whom, as a table, compared with every import under ``src/aseq``.

::

    errors <- _core <- _drive <- _sequence -> _dispatch -> (by name, on use) adapters/*
"""

from __future__ import annotations

import pytest

from tests.layers import MODULES, complaints


@pytest.mark.parametrize("module", sorted(MODULES))
def test_each_module_imports_what_its_layer_may(module: str) -> None:
    path = MODULES[module]
    source = path.read_text(encoding="utf-8")

    told = complaints(module, source, package=path.name == "__init__.py")
    assert not told, "\n".join(told)
