"""The command: ``python -m aseq``, or ``aseq``."""

from __future__ import annotations

import sys

_MISSING = (
    "aseq: the command needs {}, which isn't installed: install aseq with its extra `cli`, or "
    "pip install cyclopts rich sqlalchemy. (The library doesn't need it.)"
)


def main() -> None:
    """Run the command; or say what to install."""
    try:
        from aseq._cli.main import main as run
    except ModuleNotFoundError as exc:
        package = (exc.name or "").partition(".")[0]
        if package not in ("cyclopts", "rich", "sqlalchemy"):
            raise
        sys.stderr.write(_MISSING.format(package) + "\n")
        sys.exit(2)
    run()


if __name__ == "__main__":
    main()
