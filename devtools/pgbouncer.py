"""A throw-away PgBouncer in front of a PostgreSQL, for the tests.

Knows where its program is, and how it starts and ends. Must not know aseq or pytest.
"""

import contextlib
import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from devtools.children import die_with_parent

INSTALL = "apt-get install pgbouncer"
"""The line that installs it on Debian; the version there is 1.18."""

_STARTS_WITHIN = 20.0

_CONFIG = """\
[databases]
* = host={host} port={port} user={user}{password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
"""


class PgBouncerUnavailable(RuntimeError):
    """PgBouncer is missing or can't be run; the message gives advice."""


def program() -> str:
    """Where PgBouncer is: ``ASEQ_TEST_PGBOUNCER``, or wherever it is installed.

    Raises:
        PgBouncerUnavailable: it isn't.
    """
    path = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin"
    found = os.environ.get("ASEQ_TEST_PGBOUNCER") or shutil.which("pgbouncer", path=path)
    if found is None:
        raise PgBouncerUnavailable(f"PgBouncer is missing: {INSTALL}")
    return found


@functools.cache
def version() -> tuple[int, int]:
    """Its version, such as (1, 18)."""
    answer = subprocess.run(
        [program(), "--version"], capture_output=True, text=True, check=True
    )
    found = re.search(r"PgBouncer (\d+)\.(\d+)", answer.stdout)
    assert found, answer.stdout
    return int(found[1]), int(found[2])


@contextlib.contextmanager
def pgbouncer(dsn: str, *, pool_size: int = 20, **settings: object) -> Iterator[str]:
    """Run one on the loopback interface, in transaction mode, and end it afterwards.

    Args:
        dsn: the PostgreSQL behind it.
        pool_size: how many connections it has to it.
        settings: more of its section ``[pgbouncer]``.

    Yields:
        the URL of the same database through it.

    Raises:
        PgBouncerUnavailable: it is missing or can't be run.
    """
    server = urlsplit(dsn)
    with tempfile.TemporaryDirectory(prefix="aseq-pgbouncer-") as folder:
        Path(folder).chmod(0o755)
        port = _free_port()
        config = Path(folder, "pgbouncer.ini")
        password = f" password={server.password}" if server.password else ""
        text = _CONFIG.format(
            host=server.hostname,
            port=server.port or 5432,
            user=server.username or "postgres",
            password=password,
            listen=port,
            pool_size=pool_size,
        )
        text += "".join(f"{name} = {value}\n" for name, value in settings.items())
        config.write_text(text, encoding="utf-8")
        with _running(config, port):
            netloc = f"{server.username or 'postgres'}@127.0.0.1:{port}"
            yield urlunsplit(server._replace(netloc=netloc))


@contextlib.contextmanager
def _running(config: Path, port: int) -> Iterator[None]:
    # It refuses to be root.
    as_nobody = {"user": "nobody"} if sys.platform == "linux" and os.geteuid() == 0 else {}
    with Path(config.parent, "log").open("wb") as log:
        process = subprocess.Popen(
            [program(), str(config)],
            stdout=log,
            stderr=log,
            cwd="/",
            preexec_fn=die_with_parent,
            **as_nobody,  # type: ignore[call-overload]
        )
    try:
        _until_listening(process, port, config.parent / "log")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_STARTS_WITHIN)


def _until_listening(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise PgBouncerUnavailable(f"PgBouncer didn't start: {log.read_text(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
