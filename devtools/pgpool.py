"""A throw-away Pgpool-II in front of a PostgreSQL, for the tests.

Knows where its program is, and how it starts and ends. Must not know aseq or pytest.
"""

import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from devtools.children import child, give_away

INSTALL = "apt-get install pgpool2"
"""The line that installs it on Debian; the version there is 4.3."""

_STARTS_WITHIN = 20.0

_CONFIG = """\
listen_addresses = '127.0.0.1'
port = {port}
pcp_port = {pcp}
socket_dir = '{folder}'
pcp_socket_dir = '{folder}'
pid_file_name = '{folder}/pid'
logdir = '{folder}'
backend_hostname0 = '{host}'
backend_port0 = {behind}
num_init_children = 40
max_pool = 1
enable_pool_hba = off
allow_clear_text_frontend_auth = on
backend_clustering_mode = 'streaming_replication'
sr_check_user = '{user}'
"""


class PgpoolUnavailable(RuntimeError):
    """Pgpool-II is missing or can't be run; the message gives advice."""


@contextlib.contextmanager
def pgpool(dsn: str) -> Iterator[str]:
    """Run one on the loopback interface, and end it afterwards.

    Args:
        dsn: the PostgreSQL behind it.

    Yields:
        the URL of the same database through it.

    Raises:
        PgpoolUnavailable: it is missing or can't be run.
    """
    program = shutil.which("pgpool", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        raise PgpoolUnavailable(f"Pgpool-II is missing: {INSTALL}")
    server = urlsplit(dsn)
    user = server.username or "postgres"
    with tempfile.TemporaryDirectory(prefix="aseq-pgpool-", ignore_cleanup_errors=True) as tmp:
        folder, (port, pcp) = Path(tmp), (_free_port(), _free_port())
        text = _CONFIG.format(
            port=port,
            pcp=pcp,
            folder=folder,
            host=server.hostname,
            behind=server.port or 5432,
            user=user,
        )
        folder.joinpath("pgpool.conf").write_text(text, encoding="utf-8")
        for empty in ("pcp.conf", "hba.conf"):
            folder.joinpath(empty).touch()
        give_away(folder)
        files = (
            "-f",
            folder / "pgpool.conf",
            "-F",
            folder / "pcp.conf",
            "-a",
            folder / "hba.conf",
        )
        with child(program, "-n", *files, log=folder / "log", ends_by=signal.SIGINT) as process:
            _until_listening(process, port, folder / "log")
            yield urlunsplit(server._replace(netloc=f"{user}@127.0.0.1:{port}"))


def _until_listening(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise PgpoolUnavailable(f"Pgpool-II didn't start: {log.read_text(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
