"""MariaDB Galera: nodes that can be written to, killed, cut off and started again.

Knows how Galera's nodes find each other. Must not know aseq or pytest.
"""

import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymysql

from devtools.children import child, give_away
from devtools.clusters.packages import PackageUnavailable, unpacked

INSTALL = "apt-get install mariadb-server-core mariadb-client-core galera-4 rsync iproute2"
"""The line that installs what is needed on Debian and Ubuntu."""

_LIBRARY = "/usr/lib/galera/libgalera_smm.so"
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_PATIENCE = 60.0
_FAST = ("--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0")


class GaleraUnavailable(RuntimeError):
    """A program is missing; the message gives the line that installs it."""


class Node:
    """One of the nodes.

    Attributes:
        name: what the cluster calls it.
        url: of its database.
    """

    def __init__(self, base: Path, name: str, path: str) -> None:
        self.name, self._base, self._path = name, base / name, path
        self._base.mkdir()
        self._ports = {port: _free_port() for port in ("sql", "group", "state", "changes")}
        self.url = f"mysql://root@127.0.0.1:{self._ports['sql']}/aseq"
        self._process: subprocess.Popen[bytes] | None = None
        self._started = contextlib.ExitStack()

    @property
    def address(self) -> str:
        """Where other nodes find it."""
        return f"127.0.0.1:{self._ports['group']}"

    def create(self) -> None:
        """Set its directory up."""
        give_away(self._base)
        install = ("--auth-root-authentication-method=normal", "--skip-test-db")
        command = ("mariadb-install-db", "--no-defaults", f"--datadir={self._base / 'data'}")
        with child(_program(command[0]), *command[1:], *install, log=self.log) as process:
            assert process.wait() == 0, self.log.read_text(errors="replace")

    @property
    def log(self) -> Path:
        """Its log."""
        return self._base / "log"

    def start(self, others: list[str], *, first: bool = False) -> None:
        """Start it, and return when it takes part in the cluster."""
        self._started.close()
        group = ("--wsrep-new-cluster",) if first else ()
        options = (
            *self._options(),
            *group,
            f"--wsrep-cluster-address=gcomm://{','.join(others)}",
        )
        server = child(
            _program("mariadbd"),
            *options,
            log=self.log,
            ends_by=signal.SIGTERM,
            env={"PATH": self._path},  # it runs scripts by name, and may not look into ours
        )
        self._process = self._started.enter_context(server)
        self.wait("wsrep_ready", "ON")

    def _options(self) -> Iterator[str]:
        yield from ("--no-defaults", *_FAST, "--bind-address=127.0.0.1", "--skip-name-resolve")
        yield from (f"--datadir={self._base / 'data'}", f"--socket={self._base / 'socket'}")
        yield from (f"--port={self._ports['sql']}", f"--pid-file={self._base / 'pid'}")
        yield from ("--binlog-format=ROW", "--innodb-autoinc-lock-mode=2")
        yield from ("--max-connections=200", "--character-set-server=utf8mb4")
        yield from (
            "--wsrep-on=ON",
            f"--wsrep-provider={_LIBRARY}",
            "--wsrep-cluster-name=aseq",
        )
        yield from (f"--wsrep-node-name={self.name}", "--wsrep-node-address=127.0.0.1")
        yield from (
            "--wsrep-sst-method=rsync",
            f"--wsrep-node-incoming-address=127.0.0.1:{self._ports['sql']}",
        )
        yield f"--wsrep-sst-receive-address=127.0.0.1:{self._ports['state']}"
        yield (
            f"--wsrep-provider-options=gmcast.listen_addr=tcp://{self.address};"
            f"ist.recv_addr=127.0.0.1:{self._ports['changes']};gcache.size=16M"
        )

    def kill(self) -> None:
        """``kill -9``."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it in an orderly way, if it runs."""
        self._started.close()

    def cut_off(self) -> None:
        """Let it hear nothing of the others: it refuses to do anything then."""
        self.ask("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'")
        self.wait("wsrep_cluster_status", "non-Primary")

    def reconnect(self) -> None:
        """End a `cut_off`."""
        self.ask("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'")
        self.wait("wsrep_ready", "ON")

    def ask(self, sql: str) -> list[Any]:
        """Run one statement, over its own socket."""
        with (
            pymysql.connect(
                unix_socket=str(self._base / "socket"), user="root", autocommit=True
            ) as conn,
            conn.cursor() as cursor,
        ):
            cursor.execute(sql)
            return list(cursor.fetchall())

    def _greets(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(5)
            caller.connect(str(self._base / "socket"))
            return bool(caller.recv(1))
        return False

    def wait(self, status: str, value: str) -> None:
        """Return when its status says so."""

        def says() -> bool:
            if not self._greets():
                return False  # a connect that fails leaks the driver's socket
            rows = self.ask(f"SHOW STATUS LIKE '{status}'")
            return bool(rows) and str(rows[0][1]).lower() == value.lower()

        _until(says, self._process, self.log)


def _until(
    says: Callable[[], bool], process: "subprocess.Popen[bytes] | None", log: Path
) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and (process is None or process.poll() is None):
        with contextlib.suppress(pymysql.Error):
            if says():
                return
        time.sleep(0.05)
    raise RuntimeError(f"The node didn't get there:\n{log.read_text(errors='replace')[-4000:]}")


@contextlib.contextmanager
def galera(count: int = 3) -> Iterator[list[Node]]:
    """Run a cluster, with an empty database ``aseq``, and remove it afterwards.

    Raises:
        GaleraUnavailable: a program is missing.
    """
    for program in ("mariadbd", "mariadb-install-db", "rsync", "ss"):
        _program(program)
    if not Path(_LIBRARY).exists():
        raise GaleraUnavailable(f"Galera is missing: {INSTALL}")
    with (
        tempfile.TemporaryDirectory(prefix="aseq-galera-", ignore_cleanup_errors=True) as tmp,
        contextlib.ExitStack() as running,
    ):
        Path(tmp).chmod(0o755)
        path = _with_scripts(Path(tmp))
        nodes = [Node(Path(tmp), f"n{number}", path) for number in range(1, count + 1)]
        for number, node in enumerate(nodes):
            node.create()
            running.callback(node.stop)
            node.start([each.address for each in nodes[:number]], first=not number)
        nodes[0].ask("CREATE DATABASE aseq")
        yield nodes


def _with_scripts(base: Path) -> str:
    """A PATH with the scripts by which a node gets all data from another one.

    They are in Debian's `mariadb-server`, which starts a server of the system's.
    """
    if shutil.which("wsrep_sst_rsync", path=_PATH):
        return _PATH
    try:
        return f"{unpacked('mariadb-server', base / 'package') / 'usr/bin'}:{_PATH}"
    except PackageUnavailable as exc:
        raise GaleraUnavailable(f"{exc}: {INSTALL}") from exc


def _program(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise GaleraUnavailable(f"{name} is missing: {INSTALL}")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
