"""Throw-away MariaDB for the tests, the demo and the benchmarks.

Knows where MariaDB's programs are, and how a server of its protocol, MySQL's, starts and ends.
Must not know aseq or pytest.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from devtools import memory
from devtools.children import child, give_away

INSTALL = "apt-get install mariadb-server-core mariadb-client-core"
"""The line that installs its programs on Debian and Ubuntu, and no service of the system."""

_ADVICE = f"""No MariaDB could be run. Do one of these:
- {INSTALL}
- set ASEQ_TEST_MARIADB_BIN to a directory with `mariadbd` and `mariadb-install-db`;
- set ASEQ_TEST_MYSQL_DSN to the URL of a server that may get a new database."""

_STARTS_WITHIN = 30.0
_DATABASE = "aseq"

# For speed alone: nothing has to survive a loss of power. All else is as MariaDB has it.
_FAST = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-log-file-size=16M",
    "--innodb-buffer-pool-size=64M",
)
_SERVER = (
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--max-connections=300",
    "--character-set-server=utf8mb4",
    "--skip-ssl",  # from 11.4 on it has TLS unasked: tests look at what passes
)
_INSTALL = ("--auth-root-authentication-method=normal", "--skip-test-db")


class MariadbUnavailable(RuntimeError):
    """MariaDB is missing or can't be run; the message gives advice."""


@dataclass(frozen=True)
class Setup:
    """How a server of MySQL's protocol is set up and started.

    Attributes:
        name: what it is called.
        prepare: the command that makes its data, but for where they are.
        serve: the command that serves, but for where.
        refusal: the error if `prepare` fails, from the log.
        start: SQL that the server runs when it starts, each statement on a line.
    """

    name: str
    prepare: tuple[str, ...]
    serve: tuple[str, ...]
    refusal: Callable[[str], Exception]
    start: str = ""


@contextlib.contextmanager
def mariadb_dsn(**settings: str | float) -> Iterator[str]:
    """Yield the URL of an empty database, which is gone afterwards.

    It is on the server that the environment variable ASEQ_TEST_MYSQL_DSN names, if that is a
    MariaDB, which keeps its own settings, or else on a ``mariadb_server(**settings)``.

    Raises:
        MariadbUnavailable: there is none.
    """
    dsn = os.environ.get("ASEQ_TEST_MYSQL_DSN")
    if dsn and is_mariadb(dsn):
        with database_on(dsn) as url:
            yield url
        return
    with mariadb_server(**settings) as url:
        yield url


def is_mariadb(dsn: str) -> bool:
    """Whether the server at a URL is a MariaDB, and no MySQL."""
    with admin(dsn) as conn:
        return "mariadb" in conn.get_server_info().lower()


@contextlib.contextmanager
def database_on(dsn: str) -> Iterator[str]:
    """The URL of a new database on a server that runs already."""
    name = f"aseq_test_{os.getpid()}_{secrets.token_hex(4)}"
    with admin(dsn) as conn, conn.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        try:
            yield urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))
        finally:
            cursor.execute(f"DROP DATABASE {name}")


def admin(dsn: str) -> Any:
    """A connection to the server at a URL, to no database."""
    import pymysql  # not needed for a server of our own

    parts = urlsplit(dsn)
    if not parts.hostname:
        raise ValueError("ASEQ_TEST_MYSQL_DSN isn't like mysql://user:password@host")
    return pymysql.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        autocommit=True,
    )


@contextlib.contextmanager
def mariadb_server(folder: Path | None = None, /, **settings: str | float) -> Iterator[str]:
    """Run a new server on the loopback interface, and remove it afterwards.

    Blocks for about a second. On Linux the server also ends when the *thread* that started
    it ends, be it by ``kill -9``: enter this in a thread that outlives the server. A process
    that is killed leaves the directory ``aseq-mariadb-*`` behind, in memory if there is room.

    Args:
        folder: where its data are; by default in memory, if there is room.
        settings: as for ``mariadbd --name=value``; where it listens can't be set.

    Yields:
        the URL of an empty database; its user has all rights, and no password.

    Raises:
        MariadbUnavailable: MariaDB is missing or can't be run.
        RuntimeError: the server didn't start; the message holds its log.
    """
    server, install = (str(_program(name)) for name in ("mariadbd", "mariadb-install-db"))
    setup = Setup(
        "mariadb",
        prepare=(install, "--no-defaults", *_INSTALL, *_FAST),
        serve=(server, "--no-defaults", *_FAST, *_SERVER),
        refusal=lambda log: MariadbUnavailable(f"{_ADVICE}\n{log}"),
    )
    with running(setup, settings, folder) as url:
        yield url


@contextlib.contextmanager
def running(
    setup: Setup, settings: Mapping[str, str | float], folder: Path | None = None
) -> Iterator[str]:
    """Run a new server, with an empty database at the URL, and remove it afterwards."""
    options = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    with tempfile.TemporaryDirectory(
        prefix=f"aseq-{setup.name}-", dir=folder or memory.place(), ignore_cleanup_errors=True
    ) as tmp:
        base = Path(tmp)
        start = f"CREATE DATABASE IF NOT EXISTS {_DATABASE};\n{setup.start}"
        base.joinpath("init.sql").write_text(start)
        give_away(base)
        files = f"--datadir={base / 'data'}", f"--tmpdir={base}"
        with child(*setup.prepare, *files, log=base / "log") as process:
            if process.wait() != 0:
                raise setup.refusal(_log(base))
        with _serving(base, *setup.serve, *files, *options) as port:
            yield f"mysql://root@127.0.0.1:{port}/{_DATABASE}"


@contextlib.contextmanager
def _serving(base: Path, *command: str) -> Iterator[int]:
    """The port of a server on a directory that is set up."""
    door = base / "socket"
    for attempts_left in (2, 1, 0):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port: int = listener.getsockname()[1]
        here = f"--socket={door}", f"--port={port}", f"--pid-file={base / 'pid'}"
        start = f"--init-file={base / 'init.sql'}"
        log = base / "log"
        with child(*command, *here, start, log=log, ends_by=signal.SIGTERM) as process:
            if _is_ready(process, door):
                yield port
                return
        if not attempts_left or "Address already in use" not in _log(base):
            raise RuntimeError(f"The server didn't start:\n{_log(base)}")


def _is_ready(process: "subprocess.Popen[bytes]", door: Path) -> bool:
    """Whether it greets; on its socket, for others may have taken the port by now."""
    deadline = time.monotonic() + _STARTS_WITHIN
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(5)
            caller.connect(str(door))
            if caller.recv(1):
                return True
        time.sleep(0.01)
    return False


def _log(base: Path) -> str:
    return (base / "log").read_text(errors="replace")


def _program(name: str) -> Path:
    folder = os.environ.get("ASEQ_TEST_MARIADB_BIN")
    path = folder or f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin"
    found = shutil.which(name, path=path)
    if found is None:
        raise MariadbUnavailable(f"{_ADVICE}\n{name} isn't there.")
    return Path(found).absolute()
