"""Who may import whom, as a table, and what is wrong with a module's imports."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import aseq

ROOT = Path(aseq.__file__).parent

ERRORS, CORE, BASE = "aseq.errors", "aseq._core", "aseq.adapters.base"


CONCURRENCY = "aseq._concurrency"


_DRIVE = ("aseq._drive", "aseq._drive_sync", "aseq._observe")
_CALLS = (ERRORS, CORE, "aseq._connection", "aseq._dispatch", *_DRIVE)


# Each of the two, and what all adapters share.
PSYCOPG = {
    f"aseq.adapters.{name}": (
        *(ERRORS, CORE, BASE, CONCURRENCY),
        *("aseq.adapters._psycopg", "aseq.adapters.psycopg", "aseq.adapters.psycopg_thread"),
    )
    for name in ("_psycopg", "psycopg", "psycopg_thread")
}


# What knows no database, and nothing of ours but what a sequence is.
_PURE = ("check", "compile", "days", "fields", "fiscal_year", "parts", "pattern", "period")


NUMBERING = {
    "aseq.numbering": (
        *_CALLS,
        BASE,
        "aseq._columns",
        "aseq._sequence",
        "aseq._turn",
        "aseq.numbering",
    ),
    **{
        f"aseq.numbering._{name}": (ERRORS, "aseq.numbering")
        for name in (*_PURE, "scope", "zone")
    },
    **{
        f"aseq.numbering._{name}": (ERRORS, CORE, "aseq._sequence", "aseq.numbering")
        for name in ("spec", "documents", "allocation")
    },
}


# Of the block, the rest sees what users see; and the block sees the connection, never back.
_DJANGO_BELOW = (
    *("aseq.django._private", "aseq.django.conf", "aseq.django.errors"),
    *("aseq.django._mysql", "aseq.django._servers", "aseq.django._vendors"),
)


DJANGO = {
    "aseq.django": (
        *("aseq", *_CALLS, BASE, "aseq._exit_codes", "aseq._sequence"),
        *("aseq._arguments", "aseq._printed", "aseq.sync._holders"),
        *("aseq._allocate", "aseq._explain", "aseq._holders", "aseq.audit"),
        *("aseq.issuing", "aseq.ledger._migrations", "aseq.numbering", "aseq.django._ledger"),
        *(*_DJANGO_BELOW, "aseq.django.connection"),
        *("aseq.django._block.atomic", "aseq.django._block.block", "aseq.django._in_block"),
        *(f"aseq.django.{name}" for name in ("_allocate", "_numbering", "_sequence", "fields")),
        *(f"aseq.django.{name}" for name in ("aio", "sync", "audit", "checks", "models")),
        *("aseq.django.take_over", "aseq.django._issuing.issuer"),
        *("aseq.sync._verbs", "aseq.sync._documents"),
        *(f"aseq.django.{name}" for name in ("operations", "management", "migrations")),
    ),
    # It looks for our functions in users' models, wherever they were imported from.
    "aseq.django.checks.models": ("aseq", "aseq.django", "aseq.numbering"),
    # Django's part of an issuer stands on the issuer's parts, and on the block's.
    "aseq.django._issuing": (
        *("aseq", *_CALLS, BASE, "aseq._sequence", "aseq.numbering", "aseq.issuing"),
        *(*_DJANGO_BELOW, "aseq.django.connection", "aseq.django._issuing"),
        *(f"aseq.django._block.{name}" for name in ("atomic", "block", "kept")),
        *("aseq.django._numbering", "aseq.django._sequence"),
    ),
    "aseq.django._ledger": (
        *(CORE, "aseq.ledger", "aseq.numbering", "aseq.sync._asked"),
        *("aseq.django.connection", "aseq.django.errors", "aseq.django._allocate"),
        *(f"aseq.django._block.{name}" for name in ("atomic", "block")),
        *("aseq.django._sequence", "aseq.django._ledger"),
    ),
    "aseq.django._private": (),
    "aseq.django._servers": (ERRORS, CORE),
    "aseq.django._mysql": (
        *(CORE, CONCURRENCY),
        *("aseq.adapters._mysql_further", "aseq.django._private", "aseq.django._servers"),
    ),
    "aseq.django._vendors": (
        *(ERRORS, CORE, BASE, "aseq.adapters._sqlite", "aseq.django._vendors"),
        *("aseq.django._private", "aseq.django._servers", "aseq.django._mysql"),
    ),
    "aseq.django.connection": (CORE, BASE, *_DJANGO_BELOW),
    "aseq.django._block": (
        *(CORE, BASE, CONCURRENCY, *_DJANGO_BELOW),
        *("aseq.django.connection", "aseq.django._block"),
    ),
    "aseq.django._block.state": (BASE,),
    "aseq.django._block.lock": (),
}


_AUDITS_WORDS = ("aseq.audit._compared", "aseq.audit._grid", "aseq.audit._words")
_FOUND = ("findings", "series", "result", "_plain", "_words", "_listed")


# The verbs without an event loop: their executors, and beside them all that decides something.
SYNC = {
    "aseq.sync": (
        *(ERRORS, CORE, BASE, "aseq._dispatch", *_DRIVE, "aseq._allocate"),
        *("aseq._schema", "aseq._sequence", "aseq.sync"),
        *("aseq.audit", "aseq.issuing", "aseq.ledger", "aseq.numbering"),
    ),
    # What Django's sync code shares knows no connection of its own.
    "aseq.sync._verbs": (ERRORS, CORE, BASE, "aseq._drive_sync"),
    "aseq.sync._documents": (
        CORE,
        BASE,
        "aseq._drive_sync",
        "aseq.numbering",
        "aseq.sync._verbs",
    ),
    "aseq.sync._asked": (CORE, BASE, "aseq._drive_sync", "aseq._observe", "aseq.ledger"),
    "aseq.sync._holders": (CORE, BASE, "aseq._drive_sync", "aseq._holders"),
    "aseq.sync._connection": (BASE,),
    "aseq.sync._dispatch": (BASE, "aseq._dispatch"),
    "aseq.adapters.sync": (),
    "aseq.adapters.sync.psycopg": (
        *(ERRORS, CORE, BASE, CONCURRENCY, "aseq.adapters._psycopg"),
    ),
    "aseq.adapters.sync.sqlalchemy": ("aseq.adapters.sqlalchemy",),
    "aseq.adapters.sync.sqlite3": (ERRORS, CORE, BASE, "aseq.adapters._sqlite"),
}


# What of ours a module may import; a row is for the modules below it, too.
OURS: dict[str, tuple[str, ...]] = {
    "aseq": (
        ERRORS,
        CORE,
        "aseq._allocate",
        "aseq._connection",
        "aseq._holders",
        "aseq._schema",
        "aseq._sequence",
        "aseq._turn",
    ),
    ERRORS: (),
    CORE: (ERRORS, CORE),
    CONCURRENCY: (CONCURRENCY,),
    # Run by PyInstaller, and imported by nothing.
    "aseq.__pyinstaller": ("aseq", "aseq._dispatch", "aseq.sync", "aseq.sync._dispatch"),
    "aseq._log": (),
    "aseq._tally": (CORE, "aseq._log"),
    "aseq._explain": (ERRORS, CORE, BASE),
    "aseq._drive": (
        *(ERRORS, CORE, BASE, CONCURRENCY),
        *("aseq._explain", "aseq._loss", "aseq._observe", "aseq._tally"),
        "aseq.hooks._registry",
    ),
    "aseq._drive_sync": (
        *(CORE, BASE, "aseq._drive", "aseq._explain", "aseq._loss", "aseq._observe"),
        "aseq.hooks._registry",
    ),
    "aseq._loss": (ERRORS, CORE, BASE, "aseq._log"),
    "aseq._observe": (
        *(ERRORS, CORE, BASE, "aseq._explain", "aseq._loss"),
        *("aseq.hooks._details", "aseq.hooks._registry"),
    ),
    # They know nothing of what is drawn but what the facts say.
    "aseq.hooks": ("aseq.hooks",),
    **{
        f"aseq.hooks._{name}": ("aseq.hooks",)
        for name in ("opentelemetry", "prometheus", "ready")
    },
    "aseq._connection": (BASE,),
    "aseq._dispatch": (ERRORS, CORE, BASE, "aseq._layers"),
    "aseq._layers": (),
    "aseq._sequence": (*_CALLS, "aseq._turn"),
    "aseq._turn": (ERRORS, CORE, CONCURRENCY),
    "aseq._schema": _CALLS,
    "aseq._allocate": (*_CALLS, BASE, "aseq._sequence"),
    "aseq._holders": _CALLS,
    "aseq._columns": (ERRORS, CORE),
    "aseq._sql": (ERRORS, CORE),
    "aseq._exit_codes": (ERRORS,),
    "aseq._arguments": (ERRORS,),
    "aseq._printed": (),
    # The command, on top of all; and what Python runs, which looks whether its extra is there.
    "aseq.__main__": ("aseq._cli.main",),
    "aseq._cli": (
        *("aseq", ERRORS, CORE, "aseq._arguments", "aseq._exit_codes", "aseq._printed"),
        *("aseq._columns", "aseq._drive_sync", "aseq._holders", "aseq.adapters.sqlalchemy"),
        *("aseq.audit", "aseq.ledger", "aseq.numbering", "aseq.sync", "aseq._cli"),
    ),
    "aseq._cli.secrets": (),
    "aseq._cli.interrupt": (),
    "aseq.audit": (
        *_CALLS,
        BASE,
        "aseq._columns",
        "aseq._connection",
        "aseq._sequence",
        "aseq._sql",
        "aseq.audit",
        "aseq.ledger._spec",
        "aseq.numbering",
    ),
    # What was found knows no database.
    **{f"aseq.audit.{name}": tuple(f"aseq.audit.{part}" for part in _FOUND) for name in _FOUND},
    # Their tools for drawing, and the parts that only plans know: which period, which name.
    "aseq.issuing": (
        *_CALLS,
        BASE,
        *(f"aseq.{name}" for name in ("_columns", "_log", "_sequence", "_sql")),
        *("aseq.numbering", "aseq.issuing"),
    ),
    # Of these, the first two know no database, and the last no library but by its looks.
    "aseq.issuing._line": (),
    "aseq.issuing._answers": (),
    # What rows know of the ledger, which stands above them.
    "aseq.issuing._book": (ERRORS, CORE, BASE),
    "aseq.issuing._sources": (ERRORS, "aseq._dispatch", "aseq.issuing._sources"),
    "aseq.ledger": (
        *_CALLS,
        BASE,
        *(f"aseq.{name}" for name in ("_sequence", "_sql", "ledger", "numbering")),
        "aseq.issuing._book",
    ),
    # A table's statements know nothing of what is written to it.
    "aseq.ledger._ddl": (ERRORS, CORE),
    "aseq.ledger._migrations": (
        CORE,
        *(f"aseq.ledger.{name}" for name in ("_advice", "_ddl", "_guard")),
    ),
    "aseq.ledger._guard": (ERRORS, CORE, "aseq.ledger._ddl", "aseq.ledger._guard_innodb"),
    "aseq.ledger._guard_innodb": (),
    "aseq.ledger._advice": (CORE,),
    "aseq.ledger._entry": (ERRORS, CORE),
    "aseq.testing": (ERRORS, CORE, BASE, *_AUDITS_WORDS),
    **NUMBERING,
    **SYNC,
    BASE: (ERRORS, CORE),
    "aseq.adapters._sqlite": (ERRORS, CORE, BASE),
    "aseq.adapters._thread": (BASE,),
    "aseq.adapters._innodb": (CORE, BASE),
    "aseq.adapters._instances": (),
    # What applications import: beside all else, and nothing else imports it.
    "aseq.alembic": (
        *(ERRORS, CORE, "aseq._columns", "aseq.sqlalchemy"),
        *("aseq.alembic", "aseq.ledger._migrations"),
    ),
    "aseq.sqlalchemy": ("aseq.adapters.sqlalchemy",),
    "aseq.tortoise": (ERRORS, CORE, "aseq.ledger._migrations", "aseq.tortoise"),
    "aseq.adapters.asyncpg": (
        *(ERRORS, CORE, BASE, CONCURRENCY),
        *("aseq.adapters._asyncpg", "aseq.adapters._asyncpg_watch"),
    ),
    "aseq.adapters._asyncpg_watch": (BASE,),
    **PSYCOPG,
    **{
        f"aseq.adapters.{name}": (
            *(ERRORS, CORE, BASE, CONCURRENCY),
            *("aseq.adapters._mysql", "aseq.adapters._mysql_hold", "aseq.adapters._innodb"),
            "aseq.adapters._mysql_ended",
        )
        for name in ("_mysql", "_mysql_hold", "asyncmy", "aiomysql")
    },
    "aseq.adapters._mysql_ended": (CORE, "aseq.adapters._mysql_further"),
    "aseq.adapters.piccolo": (
        *(ERRORS, CORE, BASE, "aseq.adapters.aiosqlite", "aseq.adapters.asyncpg"),
        "aseq.adapters.piccolo",
    ),
    "aseq.adapters.tortoise": (
        *(ERRORS, CORE, BASE, CONCURRENCY, "aseq.adapters._sqlite", "aseq.adapters._thread"),
        *("aseq.adapters.asyncpg", "aseq.adapters.psycopg", "aseq.adapters.tortoise"),
        *("aseq.adapters.asyncmy", "aseq.adapters.aiomysql", "aseq.adapters._innodb"),
        *("aseq.adapters._instances", "aseq.adapters._mysql"),
    ),
    **DJANGO,
    # An adapter, but one that knows Django.
    "aseq.django.async_backend": (
        *(ERRORS, CORE, BASE, "aseq.adapters.psycopg"),
        *("aseq.django.conf", "aseq.django.errors"),
    ),
}


# Any other adapter: what all adapters share, and itself.
ADAPTER = (
    *(ERRORS, CORE, BASE, CONCURRENCY),
    *("aseq.adapters._innodb", "aseq.adapters._instances", "aseq.adapters._mysql_further"),
    *("aseq.adapters._sqlite", "aseq.adapters._thread"),
)


# Which libraries, beside the one that an adapter is named after.
LIBRARIES: dict[str, tuple[str, ...]] = {
    CONCURRENCY: ("anyio",),
    "aseq._drive": ("anyio",),
    "aseq._turn": ("anyio",),
    "aseq.alembic": ("alembic", "sqlalchemy"),
    "aseq.hooks._opentelemetry": ("opentelemetry",),
    "aseq.hooks._prometheus": ("prometheus_client",),
    "aseq.hooks._ready": ("opentelemetry", "prometheus_client"),  # for type checkers alone
    "aseq._cli": ("cyclopts", "rich", "sqlalchemy"),
    "aseq._cli.secrets": (),
    "aseq._cli.interrupt": (),
    "aseq.adapters.dbapi": ("anyio",),
    "aseq.adapters.aiomysql": ("aiomysql", "pymysql"),
    "aseq.adapters.asyncmy": ("asyncmy",),
    "aseq.adapters._asyncpg": ("asyncpg",),
    "aseq.adapters._asyncpg_watch": ("asyncpg",),
    "aseq.adapters.asyncpg": ("asyncpg",),
    "aseq.adapters._psycopg": ("psycopg",),
    "aseq.adapters.psycopg": ("psycopg",),
    "aseq.adapters.psycopg_thread": ("anyio", "psycopg"),
    "aseq.adapters.sync.psycopg": ("psycopg",),
    "aseq.django": ("asgiref", "django"),
    "aseq.django.checks.models": ("django",),
    "aseq.django._private": ("asgiref", "django"),
    "aseq.django._servers": ("django",),
    "aseq.django._mysql": ("django",),
    "aseq.django._vendors": ("django",),
    "aseq.django.connection": ("django",),
    "aseq.django._block": ("anyio", "asgiref", "django"),
    "aseq.django._issuing": ("asgiref", "django"),
    "aseq.django._ledger": ("django",),
    "aseq.django._block.lock": ("django",),
    "aseq.django.async_backend": ("django", "django_async_backend", "psycopg"),
    "aseq.adapters.piccolo": ("piccolo",),
    "aseq.adapters.tortoise": ("tortoise",),
    "aseq.tortoise": ("tortoise",),
}


# Of the standard library, what only some may import.
GUARDED: dict[str, tuple[str, ...]] = {
    "asyncio": (
        *(CONCURRENCY, "aseq._drive"),
        *("aseq.django._block", "aseq.django._private"),
        # An issuer runs on asyncio, as all engines and pools do.
        *(
            f"aseq.issuing._{name}"
            for name in ("call", "desk", "hooks", "issuer", "lanes", "on", "worker")
        ),
        *("aseq.django._issuing.desks", "aseq.django._issuing.source"),
        *(
            "aseq._cli.database",
            "aseq._cli.doctor.application",
        ),  # for asyncpg, and users' engines
    ),
    "importlib": ("aseq", "aseq._dispatch", "aseq._cli.drivers"),
    "sqlite3": (
        "aseq._cli.sqlite",
        "aseq.adapters.aiosqlite",
        "aseq.adapters.dbapi",
        "aseq.adapters._sqlite",
        "aseq.adapters._thread",
        "aseq.adapters.sqlalchemy._on_sqlite",
        "aseq.adapters.sqlalchemy._on_sqlite_sync",
        "aseq.adapters.sqlalchemy._sent_to_sqlite",
        "aseq.adapters.sqlalchemy._sqlite",  # for type checkers alone
        "aseq.adapters.sync.sqlite3",
        "aseq.adapters.tortoise",
        "aseq._connection",  # for type checkers alone, as in the other one
        "aseq.sync._connection",
        "aseq.testing",
    ),
}


# What would make the core depend on a moment, a machine or an event loop.
NOT_IN_CORE = {
    *("asyncio", "concurrent", "contextvars", "threading", "selectors"),
    *("time", "datetime", "random", "secrets"),
    *("os", "io", "pathlib", "socket", "subprocess", "logging", "sqlite3"),
}


def modules() -> dict[str, Path]:
    """Every module of ours, by name."""
    found = {}
    for path in ROOT.rglob("*.py"):
        *parts, last = path.relative_to(ROOT.parent).with_suffix("").parts
        found[".".join(parts if last == "__init__" else (*parts, last))] = path
    return found


MODULES = modules()


def imports(module: str, source: str, *, package: bool) -> Iterator[str]:
    """The full names of all modules that a source imports, wherever it does so."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            here = module.split(".")
            up = len(here) - node.level + package
            parent = [*here[:up], *filter(None, [node.module])] if node.level else [node.module]
            origin = ".".join(map(str, parent))
            for alias in node.names:
                full = f"{origin}.{alias.name}"
                yield full if full in MODULES else origin


def under(module: str, rows: tuple[str, ...]) -> bool:
    """Whether one of the rows is about a module. The row of ``aseq`` is about itself only."""
    return any(
        module == row or (row != "aseq" and module.startswith(row + ".")) for row in rows
    )


def row_of(module: str) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    """The row about a module: its name, what of ours it imports, and which libraries."""
    rows = [row for row in OURS if under(module, (row,))]
    if rows:
        row = max(rows, key=len)
        return row, OURS[row], LIBRARIES.get(row, ())
    if module.startswith("aseq.adapters."):
        row = ".".join(module.split(".")[:3])
        library = row.rpartition(".")[2]
        return row, (*ADAPTER, row), (library, *LIBRARIES.get(row, ()))
    return (module, (), ()) if module == "aseq.adapters" else None


def complaints(module: str, source: str, *, package: bool = False) -> list[str]:
    """What is wrong with the imports of a module, one sentence each."""
    row = row_of(module)
    if row is None:
        return [f"{module} has no row in OURS: say what it may import"]
    name, ours, libraries = row
    told = []
    for target in imports(module, source, package=package):
        top = target.partition(".")[0]
        if top == "aseq":
            if not under(target, ours):
                told.append(f"{module} imports {target}: {name} may import {ours or 'nothing'}")
        elif top not in sys.stdlib_module_names:
            if top not in libraries:
                told.append(f"{module} imports {top}: only its own adapter knows a library")
        elif under(module, (CORE,)) and top in NOT_IN_CORE:
            told.append(f"{module} imports {top}: the core has no loop, clock or machine")
        elif top in GUARDED and not under(module, GUARDED[top]):
            told.append(f"{module} imports {top}: only {', '.join(GUARDED[top])} may")
    return told + (awaits(module, source) if under(module, (CORE,)) else [])


def awaits(module: str, source: str) -> list[str]:
    """Each place where a source of the core awaits."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [
        f"{module}, line {token.start[0]}, has {token.string!r}: nothing in the core awaits"
        for token in tokens
        if token.type == tokenize.NAME and token.string in ("async", "await")
    ]
