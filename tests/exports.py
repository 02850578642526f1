"""What each module of ours exports."""

from __future__ import annotations

import ast

from tests.layers import MODULES


def exported(source: str) -> list[str] | None:
    """The names in the `__all__` of a source, in its order."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = list(ast.literal_eval(node.value))
            return names
    return None


EXPORTS = {
    module: names
    for module, path in MODULES.items()
    if (names := exported(path.read_text(encoding="utf-8"))) is not None
}
