"""Shell commands in the documentation: each is run, or what it names is looked up."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

from alembic.config import CommandLine

from aseq._cli.app import app
from tests.docs.markdown import ROOT

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def run(command: str, folder: Path) -> str:
    """Run or check one command line; gives what it printed, if it was run.

    Raises:
        AssertionError: the command can't work, or nobody knows how to check it.
    """
    words = shlex.split(command)
    for start, check in _CHECKS.items():
        if words[: len(start)] == list(start):
            return check(words[len(start) :], folder) or ""
    raise AssertionError(f"nothing checks the command {command!r}")


def _python(words: list[str], folder: Path) -> str:
    """A script that the page told the reader to save."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _uvicorn(words: list[str], folder: Path) -> None:
    """The application that `curl` asks, in a file that the page told the reader to save."""
    [application] = words
    module, _, name = application.partition(":")
    assert f"\n{name} = FastAPI(" in (folder / f"{module}.py").read_text(encoding="utf-8")
    (folder / "served").write_text(f"from {module} import {name} as app", encoding="utf-8")


def _curl(words: list[str], folder: Path) -> str:
    """A request to it. Each starts it anew, which the reader's doesn't."""
    option, method, url = words
    assert option == "-X"
    code = (
        f"{(folder / 'served').read_text(encoding='utf-8')}\n"
        "from fastapi.testclient import TestClient\n"
        "with TestClient(app) as client:\n"
        f"    print(client.request({method!r}, {url!r}).text)"
    )
    return _python(["-W", "ignore", "-c", code], folder)


def _alembic(words: list[str], _folder: Path) -> None:
    """Alembic's commands and their options."""
    CommandLine().parser.parse_args(words)


def _make(words: list[str], _folder: Path) -> None:
    """Verbs of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for verb in words:
        assert re.search(rf"^{re.escape(verb)}\b.*:", makefile, re.MULTILINE), verb


def _install(words: list[str], _folder: Path) -> None:
    """Our own package with extras that it has, and others by name."""
    requirements = [word for word in words if not word.startswith("-")]
    assert requirements
    for requirement in requirements:
        name, _, extras = requirement.rstrip("]").partition("[")
        assert name != "aseq", "it isn't on PyPI yet: install the clone"
        if name in (".", "../aseq"):
            known = _PROJECT["project"]["optional-dependencies"]
            assert set(extras.split(",")) <= set(known), requirement


def _aseq(words: list[str], _folder: Path) -> None:
    """Verbs and options of the command."""
    for end in ("|", ">"):
        words = words[: words.index(end)] if end in words else words
    app.parse_args(words, exit_on_error=False, print_error=False)


def _nothing_more(words: list[str], _folder: Path) -> None:
    """A command that is complete as it is."""
    assert words == []


def _uv_run(words: list[str], _folder: Path) -> None:
    """A tool of one of our dependency groups, or a module of the repository."""
    groups = _PROJECT["dependency-groups"]
    wanted = set(_PROJECT["tool"]["uv"]["default-groups"])
    while words[0] == "--group":
        wanted.add(words[1])
        words = words[2:]
    assert wanted <= set(groups)
    if words[0] != "python":
        assert words[0] in _tools(wanted), f"{words[0]} is in none of the groups {wanted}"
    elif words[1] == "-m":
        path = ROOT.joinpath(*words[2].split("."))
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), words[2]
    else:
        assert (ROOT / words[1]).exists(), words[1]


def _tools(groups: set[str]) -> set[str]:
    """The names of all packages in dependency groups."""
    found = set[str]()
    for group in groups:
        for item in _PROJECT["dependency-groups"][group]:
            if isinstance(item, dict):
                found |= _tools({item["include-group"]})
            else:
                found.add(re.split(r"[^\w-]", item)[0])
    return found


_CHECKS: dict[tuple[str, ...], Callable[[list[str], Path], str | None]] = {
    ("aseq",): _aseq,
    ("python",): _python,
    ("uvicorn",): _uvicorn,
    ("curl",): _curl,
    ("alembic",): _alembic,
    ("make",): _make,
    ("uv", "add"): _install,
    ("uv", "init", "--bare"): _nothing_more,
    ("pip", "install"): _install,
    ("python", "-m", "pip", "install"): _install,
    ("uv", "run"): _uv_run,
}
