"""The reference pages say what the code says."""

from __future__ import annotations

import logging
import re
import tomllib

import pytest

import aseq
from aseq import _log, create_table_sql, errors
from aseq._core.spec import NAME_LIMIT
from aseq._loss import GIVEN_UP_NOTE
from tests import clients
from tests.cases import BACKENDS, CASES, Case
from tests.clients import TortoiseClient
from tests.docs.command import PAGE, page
from tests.docs.markdown import DOCS, ROOT, Block, blocks
from tests.exports import EXPORTS

# What the docs call the connections of the contract suite.
CONNECTIONS = {
    clients.SyncConnectionPsycopg: "SQLAlchemy `Connection`",
    clients.SyncConnectionMysqlclient: "SQLAlchemy `Connection`",
    clients.SyncSession: "SQLAlchemy `Session`, `scoped_session`",
    clients.SQLAlchemySession: "SQLAlchemy `AsyncSession`",
    clients.SQLAlchemyConnection: "SQLAlchemy `AsyncConnection`",
    clients.Psycopg: "`psycopg.AsyncConnection`",
    clients.PsycopgThread: "`psycopg.Connection`",
    clients.AatomicPostgres: "Django, the block of `aatomic`",
    clients.AsyncBackend: "django-async-backend, `async_connections[alias]`",
    clients.Asyncpg: "`asyncpg.Connection`, also from a pool",
    clients.Aiomysql: "`aiomysql.Connection`, also from a pool",
    clients.AiomysqlPool: "`aiomysql.Connection`, also from a pool",
    clients.Asyncmy: "`asyncmy.Connection`, also from a pool",
    clients.Sqlite3: "`sqlite3.Connection`",
    clients.Sqlite3Legacy: "`sqlite3.Connection`",
    clients.Aiosqlite: "`aiosqlite.Connection`",
    clients.PiccoloClient: "Piccolo, the engine inside `DB.transaction()`",
    TortoiseClient: "Tortoise, the client of `in_transaction()`",
}
DATABASES = {
    "mariadb": "MariaDB",
    "mysql": "MySQL",
    "postgresql": "PostgreSQL",
    "sqlite": "SQLite",
}

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = list(_PROJECT["optional-dependencies"])


def text_of(name: str) -> str:
    """A page of the reference."""
    return (DOCS / "reference" / name).read_text(encoding="utf-8")


def blocks_of(name: str) -> list[Block]:
    """The blocks of code of a page."""
    return list(blocks(DOCS / name))


def row_of(case: Case) -> tuple[str, str, str]:
    """Connection, database and event loops of a case, as the docs say it."""
    known = (cls for cls in case.client.__mro__ if cls in CONNECTIONS)
    loops = [loop.removeprefix("asyncio+") for loop in case.backends]
    if not case.client.awaited:
        loops = ["none"]  # but in the tests
    return CONNECTIONS[next(known)], DATABASES[case.dialect], ", ".join(loops)


def test_the_support_table_is_the_contract_suite() -> None:
    rows = re.findall(
        r"^\| (.+?) \| \w+ \| (\w+) \| (.+?) \|$", text_of("support.md"), re.MULTILINE
    )
    documented = {row for row in rows if row[1] in DATABASES.values()}
    assert documented == {row_of(case) for case in CASES}
    assert set(BACKENDS) == {"asyncio", "asyncio+uvloop", "trio"}


def test_the_tree_of_errors() -> None:
    [tree] = [
        b.code for b in blocks_of("reference/errors.md") if b.code.startswith("AseqError")
    ]
    assert tree.splitlines() == [
        line.strip() for line in (errors.__doc__ or "").splitlines() if line.startswith("    ")
    ]


def test_every_error_has_its_section() -> None:
    sections = re.findall(r"^::: aseq\.(\w+)$", text_of("errors.md"), re.MULTILINE)
    assert sorted(sections) == sorted(set(errors.__all__) - {"AseqError"})


def test_every_public_name_is_documented() -> None:
    pages = text_of("api.md") + text_of("errors.md")
    documented = set(re.findall(r"^::: aseq\.(\w+)$", pages, re.MULTILINE))
    assert documented == set(aseq.__all__) - {"AseqError"}


@pytest.mark.parametrize("module", ["aseq.django", "aseq.django.sync"])
def test_every_public_name_for_django_is_documented(module: str) -> None:
    pattern = rf"^::: {re.escape(module)}\.(\w+)$"
    documented = set(re.findall(pattern, text_of("django.md"), re.MULTILINE))
    names = set(EXPORTS[module])
    twins = {name for name in names if name[0] == "a" and name[1:] in names}
    assert documented == names - twins


def test_every_public_name_for_sync_code_is_documented() -> None:
    documented = re.findall(r"^::: aseq\.sync\.(\w+)$", text_of("sync.md"), re.MULTILINE)
    assert sorted(documented) == sorted(EXPORTS["aseq.sync"])


def test_every_public_name_of_hooks_is_documented() -> None:
    documented = re.findall(r"^::: aseq\.hooks\.(\w+)$", text_of("hooks.md"), re.MULTILINE)
    assert sorted(documented) == sorted(EXPORTS["aseq.hooks"])


def test_the_page_about_the_log_tells_of_every_event() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (\w+) \|",
        (DOCS / "how-to" / "logging.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    told = {
        (event.name, logging.getLevelName(event.level))
        for event in vars(_log).values()
        if isinstance(event, _log.Event)
    }
    assert set(rows[1:]) == told  # below the head of the table


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_the_table(dialect: str) -> None:
    statements = [b.code for b in blocks_of("reference/table.md") if b.language == "sql"]
    assert create_table_sql(dialect) in statements  # type: ignore[arg-type]


def test_the_page_of_the_command_is_made_from_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.docs.command"


def test_examples_of_the_command_fit_on_a_line_of_a_terminal() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("## Exit codes")[2]
    assert [line for line in text.splitlines() if line.startswith("aseq ")] != []
    assert [line for line in text.splitlines() if re.match("aseq .{72}", line)] == []


def test_limits() -> None:
    page = text_of("limits.md")
    assert f"1 to {NAME_LIMIT} characters" in page
    assert f"{-(2**63)} to {2**63 - 1}" in page


def test_the_note_of_a_connection_given_up() -> None:
    assert f"{GIVEN_UP_NOTE}\n" in [b.code for b in blocks_of("explanation/cancellation.md")]


def test_the_readme_names_the_extras() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for extra in EXTRAS:
        assert f"`{extra}`" in readme


def test_the_support_page_names_the_extras() -> None:
    assert [extra for extra in EXTRAS if f"`{extra}`" not in text_of("support.md")] == []


def test_the_list_of_folders() -> None:
    [listing] = [b.code for b in blocks(ROOT / "CONTRIBUTING.md") if b.code.startswith("src/")]
    folder = ROOT
    for line in listing.splitlines():
        if not line.startswith(" "):
            folder = ROOT / line
        elif match := re.match(r"  (\S+) ", line):
            assert (folder / match[1]).exists(), match[1]
    modules = {path.name for path in (ROOT / "src" / "aseq").glob("*.py")} - {"__init__.py"}
    assert [name for name in sorted(modules) if f"  {name} " not in listing] == []
