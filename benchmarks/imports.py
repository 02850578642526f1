"""How long an import takes: each in fresh processes, without and with its libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

ASEQ = "aseq"
MODULES = (
    ASEQ,
    *(f"aseq.adapters.{name}" for name in ("aiosqlite", "asyncpg", "dbapi", "psycopg")),
    *(f"aseq.adapters.{name}" for name in ("sqlalchemy", "tortoise")),
    "aseq.alembic",
    "aseq.django.sync",
)

# Some modules can only be loaded by those that they belong to.
_TIME = """
import json, sys
from importlib import import_module
from time import perf_counter
for module in json.loads(sys.argv[2]):
    try:
        import_module(module)
    except Exception:
        pass
start = perf_counter()
import_module(sys.argv[1])
print(json.dumps(perf_counter() - start))
"""
_LOADED = """
import json, sys
from importlib import import_module
before = set(sys.modules)
import_module(sys.argv[1])
print(json.dumps([module for module in sys.modules if module not in before]))
"""


@dataclass(frozen=True)
class Import:
    """What an import takes, in milliseconds.

    Attributes:
        module: which one.
        own: if all that isn't of that module is there already: what it needs of other
            libraries, and for an adapter aseq too.
        total: in a new process.
    """

    module: str
    own: float
    total: float


def measure(rounds: int, done: Callable[[], None]) -> list[Import]:
    """Take the time of each import; `done` is called after each."""
    aseq = set(_loaded(ASEQ))
    found = []
    for module in MODULES:
        there = [
            each
            for each in _loaded(module)
            if not _is_ours(each) or (module != ASEQ and each in aseq)
        ]
        times = [(_seconds(module, there), _seconds(module, [])) for _ in range(rounds)]
        own, total = (round(median(column) * 1e3, 2) for column in zip(*times, strict=True))
        found.append(Import(module, own, total))
        done()
    return found


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == ASEQ


def _loaded(module: str) -> list[str]:
    """What an import loads, in order."""
    loaded: list[str] = json.loads(_python(_LOADED, module))
    return loaded


def _seconds(module: str, there: list[str]) -> float:
    return float(_python(_TIME, module, json.dumps(there)))


def _python(source: str, *args: str) -> str:
    command = [sys.executable, "-c", source, *args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout
