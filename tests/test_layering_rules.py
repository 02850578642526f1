"""The rules of `test_layering`, each broken once: a rule that can't fail guards nothing."""

from __future__ import annotations

import pytest

from aseq._dispatch import ADAPTERS
from tests.layers import GUARDED, LIBRARIES, MODULES, OURS, complaints, imports

# (module, a line in it, what is said about it)
BREACHES = [
    ("aseq.errors", "from ._core import spec", "aseq.errors imports aseq._core.spec"),
    ("aseq._core.spec", "from aseq._drive import run", "aseq._core.spec imports aseq._drive"),
    ("aseq._core.spec", "import aseq", "aseq._core.spec imports aseq:"),
    ("aseq._core.plans", "from ..adapters import base", "imports aseq.adapters.base"),
    ("aseq._core.plans", "import asyncio", "the core has no loop, clock or machine"),
    ("aseq._core.plans", "from time import sleep", "the core has no loop, clock or machine"),
    ("aseq._core.plans", "import os.path", "the core has no loop, clock or machine"),
    ("aseq._core.dialects.sqlite", "import sqlite3", "the core has no loop"),
    ("aseq._core.plans", "import anyio", "aseq._core.plans imports anyio: only its own"),
    ("aseq._core.plans", "def f():\n    import random", "imports random"),
    ("aseq._core.plans", "async def f(): ...", "line 1, has 'async'"),
    (
        "aseq._concurrency",
        "from .errors import AseqError",
        "may import",
    ),
    ("aseq._drive", "from ._dispatch import executor_for", "imports aseq._dispatch"),
    ("aseq._drive", "from .adapters.asyncpg import X", "imports aseq.adapters.asyncpg"),
    ("aseq._dispatch", "from ._drive import run", "aseq._dispatch imports aseq._drive"),
    ("aseq._dispatch", "import asyncpg", "aseq._dispatch imports asyncpg: only its own"),
    (
        "aseq._dispatch",
        "import asyncio",
        "only aseq._concurrency, aseq._drive, aseq.django._block",
    ),
    ("aseq._sequence", "import anyio", "aseq._sequence imports anyio"),
    ("aseq._sequence", "from .adapters import dbapi", "imports aseq.adapters.dbapi"),
    (
        "aseq._sequence",
        "from importlib import import_module",
        "only aseq, aseq._dispatch,",
    ),
    ("aseq.adapters.asyncpg", "import psycopg", "aseq.adapters.asyncpg imports psycopg"),
    ("aseq.adapters.asyncpg", "from . import psycopg", "imports aseq.adapters.psycopg"),
    ("aseq.adapters.asyncpg", "from aseq._sequence import X", "imports aseq._sequence"),
    ("aseq.adapters.asyncpg", "from aseq import AsyncSequence", "imports aseq:"),
    ("aseq.adapters.asyncpg", "import sqlite3", "imports sqlite3: only"),
    ("aseq.adapters.base", "from ._sqlite import Job", "imports aseq.adapters._sqlite"),
    ("aseq.adapters.sqlalchemy._accept", "import aiosqlite", "imports aiosqlite: only its own"),
    ("aseq.adapters.sqlalchemy._accept", "from ..aiosqlite import X", "adapters.aiosqlite"),
    (
        "aseq.adapters.sqlalchemy._accept",
        "import asyncio",
        "only aseq._concurrency, aseq._drive, aseq.django._block",
    ),
    ("aseq.adapters.new", "import asyncpg", "aseq.adapters.new imports asyncpg: only its own"),
    ("aseq.django.sync", "import sqlalchemy", "aseq.django.sync imports sqlalchemy"),
    ("aseq.django.connection", "from ._block import block", "imports aseq.django._block.block"),
    ("aseq.django.aio", "from ._block.state import X", "imports aseq.django._block.state"),
    ("aseq.django._block.state", "from django.db import X", "imports django"),
    ("aseq.django._block.lock", "from .block import Block", "imports aseq.django._block.block"),
    ("aseq.testing", "from .adapters.dbapi import X", "imports aseq.adapters.dbapi"),
    ("aseq._new", "", "aseq._new has no row in OURS"),
]

ALLOWED = [
    ("aseq._core.plans", "import re\nfrom .dialects import Draw\nfrom aseq.errors import X"),
    ("aseq._drive", "import asyncio, logging, anyio\nfrom .adapters.base import Executor"),
    ("aseq.adapters.new", "import new\nfrom .base import Executor\nfrom ._sqlite import Job"),
    ("aseq.adapters.sqlalchemy._accept", "import sqlalchemy.orm\nfrom ._session import X"),
    ("aseq.alembic", "import alembic, sqlalchemy\nfrom .sqlalchemy import X"),
    ("aseq.django.sync", "import django.db\nfrom .connection import X"),
]

# (module, whether it is a package, a line in it, the module it imports)
NAMED = [
    ("aseq._drive", False, "from ._core import plans", "aseq._core.plans"),
    ("aseq._drive", False, "from ._core.plans import Plan", "aseq._core.plans"),
    ("aseq._core.dialects", True, "from .sqlite import SQLITE", "aseq._core.dialects.sqlite"),
    ("aseq._core.plans", False, "from .dialects import SQLITE", "aseq._core.dialects"),
    ("aseq._core.plans", False, "from ..errors import X", "aseq.errors"),
    ("aseq", True, "from . import errors", "aseq.errors"),
    ("aseq._drive", False, "import anyio.to_thread", "anyio.to_thread"),
]


@pytest.mark.parametrize(("module", "line", "said"), BREACHES)
def test_a_breach_is_told(module: str, line: str, said: str) -> None:
    [told] = complaints(module, line)

    assert said in told


@pytest.mark.parametrize(("module", "line"), ALLOWED)
def test_what_is_allowed_passes(module: str, line: str) -> None:
    assert complaints(module, line) == []


@pytest.mark.parametrize(("module", "package", "line", "target"), NAMED)
def test_imports_are_found_by_their_full_names(
    module: str, package: bool, line: str, target: str
) -> None:
    assert list(imports(module, line, package=package)) == [target]


def test_the_tables_are_about_modules_that_exist() -> None:
    rows = {*OURS, *LIBRARIES, *(who for row in GUARDED.values() for who in row)}

    assert rows <= set(MODULES)


def test_dispatch_names_modules_that_exist() -> None:
    assert set(ADAPTERS.values()) <= set(MODULES)
