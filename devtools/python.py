"""Run the tests on the newest Python of Debian's, installed nowhere: ``make test-python``.

It is unpacked into the machine's cache, with its own C library and SQLite, and runs an
environment of its own beside it. Arguments are pytest's.
"""

import os
import subprocess
import sys
from pathlib import Path

from devtools.debian import cache, unpacked, wrap

VERSION = "3.14"


def main(arguments: list[str]) -> int:
    """Bring the environment up to date, and run pytest in it; gives its exit code."""
    python = environment()
    return subprocess.run([python, "-m", "pytest", *arguments]).returncode


def environment() -> Path:
    """The Python of an environment with what the tests need.

    Raises:
        DebianUnavailable: this is no Debian, or its mirror doesn't answer.
    """
    folder = cache() / f"venv-{VERSION}"
    python = folder / "bin/python"
    root = unpacked("sid", f"python{VERSION}", f"python{VERSION}-venv")
    if not (folder / "bin/pip").exists():
        base = wrap(root, f"usr/bin/python{VERSION}", named=True)
        _run(base, "-m", "venv", "--clear", "--without-pip", folder)
        [wheel] = root.glob("usr/share/python-wheels/pip-*.whl")
        _run(python, wheel / "pip", "install", "--quiet", "pip")
    _run(python, "-m", "pip", "install", "--quiet", "--group", "test", "--editable", ".")
    return python


def _run(*command: str | os.PathLike[str]) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
