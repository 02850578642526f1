"""Run the tests on servers of other versions: ``make test-servers``.

Each server is unpacked into the machine's cache at the first time, and installed nowhere. It
runs on the loopback interface, on a temporary directory, and is gone afterwards. Names of
servers may be given, such as ``mysql`` or ``mariadb-11.8``; all of them by default. Further
arguments are pytest's.
"""

import contextlib
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from devtools import unpacked
from devtools.debian import DebianUnavailable
from devtools.mariadb import admin, mariadb_server
from devtools.mysql import mysql_server
from devtools.postgres import postgres_server

_ON_BOTH = (
    *("tests/contract", "tests/faults", "tests/sync", "tests/numbering"),
    *("tests/holders", "tests/issuing", "tests/audit", "tests/ledger"),
    *("tests/cli", "tests/django/test_mariadb.py"),
)
# One after the other: on a server for all, tests would see what others wait for.
_MARIADB = (*_ON_BOTH, "--numprocesses=1", "--on=mariadb")
_MYSQL = (*_ON_BOTH, "--numprocesses=1", "--on=mysql")
_POSTGRES = ("tests/contract", "-kAsyncpg- or Psycopg- or SessionAsyncpg-")


@dataclass(frozen=True)
class Server:
    """One server to test on.

    Attributes:
        programs: unpacks it, and tells the folder of its programs.
        variable: the environment variable that names that folder.
        serve: runs it, and gives its URL.
        named: the environment variable that names a server that runs already.
        tests: what pytest is told.
    """

    programs: Callable[[], Path]
    variable: str
    serve: Callable[[], contextlib.AbstractContextManager[str]]
    named: str
    tests: tuple[str, ...]

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        """Its URL, while the environment names it."""
        os.environ[self.variable] = str(self.programs())
        try:
            with self.serve() as url:
                os.environ[self.named] = url
                yield url
        finally:
            for variable in (self.variable, self.named):
                os.environ.pop(variable, None)


@contextlib.contextmanager
def _postgres() -> Iterator[str]:
    with postgres_server() as server:
        yield server.dsn


def _mysqls(programs: Callable[[], Path], name: str, *tests: str) -> Server:
    serve = {"MYSQL": mysql_server, "MARIADB": mariadb_server}[name]
    return Server(programs, f"ASEQ_TEST_{name}_BIN", serve, "ASEQ_TEST_MYSQL_DSN", tests)


def _postgresqls(programs: Callable[[], Path]) -> Server:
    return Server(
        programs,
        "ASEQ_TEST_POSTGRES_BIN",
        _postgres,
        "ASEQ_TEST_POSTGRES_DSN",
        _POSTGRES,
    )


SERVERS = {
    "mysql": _mysqls(unpacked.mysql, "MYSQL", *_MYSQL),
    "mariadb-11.8": _mysqls(lambda: unpacked.mariadb("trixie"), "MARIADB", *_MARIADB),
    # JSON_TABLE came with 10.6, and `allocate` needs it; so all that is tested is the refusal.
    "mariadb-10.5": _mysqls(
        lambda: unpacked.mariadb("bullseye", "-10.5"),
        "MARIADB",
        "tests/faults/test_too_old.py",
    ),
    "postgres-12": _postgresqls(lambda: unpacked.postgres("12.22.0-beta.15")),
    "postgres-18": _postgresqls(lambda: unpacked.postgres("18.4.0-beta.17")),
    "postgres-19": _postgresqls(lambda: unpacked.postgres_of_debian("experimental", "19")),
}


def run(name: str, *arguments: str) -> bool:
    """Run the tests on one server; whether they passed."""
    server = SERVERS[name]
    try:
        with server.running() as url:
            print(f"\n==> {name}: {_version(url)}", flush=True)
            command = (sys.executable, "-m", "pytest", "-q", *server.tests, *arguments)
            return subprocess.run(command, check=False).returncode == 0
    except (DebianUnavailable, unpacked.NpmUnavailable) as error:
        print(f"\n==> {name} can't be had here: {error}", flush=True)
        return False


def _version(url: str) -> str:
    """What a server says it is."""
    if url.startswith("mysql:"):
        with admin(url) as conn:
            return str(conn.get_server_info())
    import psycopg  # not needed for the others

    with psycopg.connect(url) as pg:
        [version] = pg.execute("SHOW server_version").fetchone() or ["?"]
    return f"PostgreSQL {version}"


def main(arguments: list[str]) -> int:
    """Run the tests on the servers that are named; the exit code."""
    names = [each for each in arguments if re.fullmatch(r"[a-z]+(-[\d.]+)?", each)]
    if unknown := set(names) - set(SERVERS):
        print(f"no server is called {', '.join(unknown)}; these are: {', '.join(SERVERS)}")
        return 2
    rest = [each for each in arguments if each not in names]
    passed = dict[str, bool]()
    for name in names or SERVERS:
        try:
            passed[name] = run(name, *rest)
        except Exception:  # the others are still worth a try
            traceback.print_exc()
            passed[name] = False
    print("\n" + "\n".join(f"{name}: {'ok' if passed[name] else 'FAILED'}" for name in passed))
    return 0 if all(passed.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
