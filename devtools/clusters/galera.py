"""MariaDB Galera: nodes that can be written to, killed, cut off and started again.

Knows how Galera's nodes find each other. Must not know aseq or pytest.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

from devtools.children import child, give_away, keeper
from devtools.clusters import node
from devtools.clusters.packages import PackageUnavailable, unpacked
from devtools.clusters.programs import PATH, ClusterUnavailable, program

INSTALL = "apt-get install mariadb-server-core mariadb-client-core galera-4 rsync iproute2"
"""The line that installs what is needed on Debian and Ubuntu."""

_LIBRARY = "/usr/lib/galera/libgalera_smm.so"
_FAST = ("--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0")


class Node(node.Node):
    """One of the nodes."""

    def __init__(self, base: Path, name: str, path: str, keeper: Executor) -> None:
        super().__init__(base, name, ("state", "changes"), keeper)
        self._path = path

    def create(self) -> None:
        """Set its directory up."""
        give_away(self.base)
        install = ("--auth-root-authentication-method=normal", "--skip-test-db")
        command = program("mariadb-install-db", INSTALL), "--no-defaults"
        data = f"--datadir={self.base / 'data'}"
        with child(*command, data, *install, log=self.log) as process:
            assert process.wait() == 0, self.log.read_text(errors="replace")

    def start(self, addresses: Sequence[str], *, first: bool = False) -> None:
        """Start it, and return when it takes part in the cluster."""
        group = ("--wsrep-new-cluster",) if first else ()
        address = f"--wsrep-cluster-address=gcomm://{','.join(addresses)}"
        # It runs scripts by name, and may not look into our PATH.
        env = {"PATH": self._path}
        self.run(program("mariadbd", INSTALL), *self._options(), *group, address, env=env)
        self.wait("wsrep_ready", "ON")

    def _options(self) -> Iterator[str]:
        yield from ("--no-defaults", *_FAST, "--bind-address=127.0.0.1", "--skip-name-resolve")
        yield from (f"--datadir={self.base / 'data'}", f"--socket={self.base / 'socket'}")
        yield from (f"--port={self.ports['sql']}", f"--pid-file={self.base / 'pid'}")
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
            f"--wsrep-node-incoming-address=127.0.0.1:{self.ports['sql']}",
        )
        yield f"--wsrep-sst-receive-address=127.0.0.1:{self.ports['state']}"
        yield (
            f"--wsrep-provider-options=gmcast.listen_addr=tcp://{self.address};"
            f"ist.recv_addr=127.0.0.1:{self.ports['changes']};gcache.size=16M"
        )

    def cut_off(self) -> None:
        """Let it hear nothing of the others: it refuses to do anything then."""
        self.ask("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'")
        self.wait("wsrep_cluster_status", "non-Primary")

    def reconnect(self) -> None:
        """End a `cut_off`."""
        self.ask("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'")
        self.wait("wsrep_ready", "ON")

    def wait_size(self, size: int) -> None:
        """Return when it sees so many nodes, and takes part itself."""
        self.wait("wsrep_cluster_size", str(size))
        self.wait("wsrep_ready", "ON")

    def wait(self, status: str, value: str) -> None:
        """Return when its status says so."""

        def says() -> bool:
            rows = self.ask(f"SHOW STATUS LIKE '{status}'")
            return bool(rows) and str(rows[0][1]).lower() == value.lower()

        self.until(says)


@contextlib.contextmanager
def galera(count: int = 3) -> Iterator[list[Node]]:
    """Run a cluster, with an empty database ``aseq``, and remove it afterwards.

    Raises:
        ClusterUnavailable: a program is missing.
    """
    for name in ("mariadbd", "mariadb-install-db", "rsync", "ss"):
        program(name, INSTALL)
    if not Path(_LIBRARY).exists():
        raise ClusterUnavailable(f"Galera is missing: {INSTALL}")
    with (
        tempfile.TemporaryDirectory(prefix="aseq-galera-", ignore_cleanup_errors=True) as tmp,
        keeper() as thread,
        contextlib.ExitStack() as running,
    ):
        Path(tmp).chmod(0o755)
        path = _with_scripts(Path(tmp))
        nodes = [Node(Path(tmp), f"n{each}", path, thread) for each in range(1, count + 1)]
        for number, new in enumerate(nodes):
            new.create()
            running.callback(new.stop)
            new.start([each.address for each in nodes[:number]], first=not number)
        nodes[0].ask("CREATE DATABASE aseq")
        yield nodes


def _with_scripts(base: Path) -> str:
    """A PATH with the scripts by which a node gets all data from another one.

    They are in Debian's `mariadb-server`, which starts a server of the system's.
    """
    if shutil.which("wsrep_sst_rsync", path=PATH):
        return PATH
    try:
        return f"{unpacked('mariadb-server', base / 'package') / 'usr/bin'}:{PATH}"
    except PackageUnavailable as exc:
        raise ClusterUnavailable(f"{exc}: {INSTALL}") from exc
