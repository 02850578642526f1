"""What an import loads, seen in a fresh process where every warning is an error."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aseq._dispatch import ADAPTERS

LOADED = "\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"


def loaded_by(source: str, *args: str) -> set[str]:
    """The modules that a program has loaded at its end."""
    command = [sys.executable, "-W", "error", "-c", source + LOADED, *args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def third_party(modules: set[str]) -> set[str]:
    """The packages among them that aren't ours and not of the standard library."""
    tops = {module.partition(".")[0] for module in modules}
    return tops - sys.stdlib_module_names - {"aseq", "__main__"}


def adapters(modules: set[str]) -> set[str]:
    """The adapters among them, without what all of them share."""
    names = {module.split(".")[2] for module in modules if module.startswith("aseq.adapters.")}
    return {name for name in names if name != "base" and not name.startswith("_")}


def test_aseq_loads_nothing_but_anyio() -> None:
    # anyio loads its parts when they are used, and its own libraries with them.
    parts = "import anyio.lowlevel, anyio.to_thread"

    assert "anyio" in third_party(loaded_by("import aseq"))
    assert third_party(loaded_by("import aseq")) <= third_party(loaded_by(parts))


def test_aseq_loads_no_adapter() -> None:
    loaded = loaded_by("import aseq")

    assert adapters(loaded) == set()
    assert not {"sqlite3", "aseq.testing", "aseq.django"} & loaded


def test_the_version_costs_nothing_until_it_is_asked_for() -> None:
    assert "importlib.metadata" in loaded_by("import aseq; aseq.__version__")
    assert ("importlib.metadata" in loaded_by("import aseq")) is (
        "importlib.metadata" in loaded_by("import anyio")
    )


@pytest.mark.parametrize("library", [*ADAPTERS, "sqlalchemy.ext.asyncio"])
def test_importing_a_library_loads_no_adapter(library: str) -> None:
    if library == "django_async_backend" and sys.version_info < (3, 12):
        pytest.skip("the library needs Python 3.12")
    loaded = loaded_by(f"import aseq, {library}")

    assert library in loaded
    assert adapters(loaded) == set()


USE = """
import anyio, sys, {library}
from urllib.parse import urlsplit
from aseq import drop_table

def where(url):  # as the drivers of MariaDB have it
    parts = urlsplit(url)
    return dict(
        host=parts.hostname, port=parts.port, user=parts.username,
        password=parts.password or "", db=parts.path.lstrip("/"),
    )

async def main() -> None:
    url = sys.argv[1]
    conn = {connect}
    await drop_table(conn, "never_made")
    closing = conn.close() if hasattr(conn, "close") else None  # Piccolo's engine holds none
    if closing is not None:
        await closing

anyio.run(main)
"""

ENGINE = "create_async_engine('sqlite+aiosqlite:///' + url, poolclass=sqlalchemy.NullPool)"

SERVERS = {
    "asyncpg": "postgres",
    "psycopg": "postgres",
    "asyncmy": "mariadb",
    "aiomysql": "mariadb",
}

# (library, how to connect, the adapter that it needs)
USES = [
    ("sqlite3", "sqlite3.connect(url, check_same_thread=False)", "dbapi"),
    ("aiosqlite", "await aiosqlite.connect(url)", "aiosqlite"),
    (
        "sqlalchemy.ext.asyncio",
        f"await sqlalchemy.ext.asyncio.{ENGINE}.connect()",
        "sqlalchemy",
    ),
    ("asyncpg", "await asyncpg.connect(url)", "asyncpg"),
    ("psycopg", "await psycopg.AsyncConnection.connect(url)", "psycopg"),
    ("asyncmy", "await asyncmy.connect(**where(url))", "asyncmy"),
    ("aiomysql", "await aiomysql.connect(**where(url))", "aiomysql"),
    ("piccolo.engine.sqlite", "piccolo.engine.sqlite.SQLiteEngine(path=url)", "piccolo"),
    (
        "tortoise.backends.sqlite.client",
        "tortoise.backends.sqlite.client.SqliteClient(url, connection_name='default')",
        "tortoise",
    ),
]

STANDS_ON = {"piccolo": ("aiosqlite",)}  # and not on asyncpg, if it's SQLite


@pytest.mark.parametrize(("library", "connect", "adapter"), USES)
def test_a_connection_loads_its_adapter_and_no_other(
    library: str, connect: str, adapter: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server = SERVERS.get(library)
    url = request.getfixturevalue(server) if server else str(tmp_path / "a.db")

    loaded = loaded_by(USE.format(library=library, connect=connect), url)

    assert adapters(loaded) == {adapter, *STANDS_ON.get(adapter, ())}


def test_each_adapter_is_used_above() -> None:
    assert {adapter for _, _, adapter in USES} == {
        module.rpartition(".")[2]
        for module in ADAPTERS.values()
        if module.startswith("aseq.adapters.")  # Django's own has to be set up
    }


def test_a_warning_would_be_seen() -> None:
    with pytest.raises(AssertionError, match="DeprecationWarning: seen"):
        loaded_by("import warnings; warnings.warn('seen', DeprecationWarning)")
