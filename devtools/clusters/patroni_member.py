"""A member of a cluster under Patroni: it can be killed, and cut off from all others.

Knows how Patroni is set up. Must not know aseq or pytest.
"""

import contextlib
import json
import os
import signal
import subprocess
from concurrent.futures import Executor
from pathlib import Path

from devtools.children import child, give_away
from devtools.clusters.etcd import INSTALL, answers, until
from devtools.clusters.link import Link
from devtools.clusters.node import free_port
from devtools.clusters.programs import PATH, ClusterUnavailable, program

_NEEDED = ("postgres", "initdb", "pg_basebackup", "pg_rewind", "pg_controldata", "pg_isready")
# Its times are as little as Patroni takes.
_WHOLE = {
    "ttl": 20,
    "loop_wait": 1,
    "retry_timeout": 3,
    "synchronous_mode": True,
    "primary_start_timeout": 0,
    "master_start_timeout": 0,  # what Patroni before 3 calls it
}
_SHARED = {
    "use_pg_rewind": True,
    "parameters": {
        "fsync": "off",
        "max_connections": 100,
        "wal_sender_timeout": "5s",  # so long does a server that is cut off take to stop
    },
}
_TRUSTED = [
    "local all all trust",
    *(f"host {what} all 127.0.0.1/32 trust" for what in ("all", "replication")),
]
_USERS = {
    kind: {"username": name, "password": "unused"}
    for kind, name in (
        ("superuser", "postgres"),
        ("replication", "replicator"),
        ("rewind", "postgres"),
    )
}


class Member:
    """A PostgreSQL with the Patroni that looks after it, and its network.

    Clients are on its side of the network: a `cut_off` doesn't keep them from it.

    Attributes:
        name: what Patroni calls it.
        port: of the server.
        dsn: of its database.
    """

    def __init__(self, base: Path, name: str, etcd: int, keeper: Executor) -> None:
        self.name, self._base, self._keeper = name, base / name, keeper
        self.port, self._api = free_port(), free_port()
        self.dsn = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._links = {"sql": Link(self.port), "api": Link(self._api), "etcd": Link(etcd)}
        self._base.mkdir()
        # All of JSON is YAML, too.
        self._config = self._base / "patroni.yml"
        self._config.write_text(json.dumps(self._settings()))
        give_away(self._base)
        self._started = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    def _settings(self) -> dict[str, object]:
        at = {what: f"127.0.0.1:{link.port}" for what, link in self._links.items()}
        return {
            "scope": "aseq",
            "name": self.name,
            "restapi": {"listen": f"127.0.0.1:{self._api}", "connect_address": at["api"]},
            # It would ask etcd where it is, else, and then go there.
            "etcd3": {"hosts": at["etcd"], "use_proxies": True},
            "bootstrap": {
                "dcs": _WHOLE | {"postgresql": _SHARED},
                "initdb": [{"encoding": "UTF8"}, {"auth": "trust"}, "no-sync"],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}",
                "connect_address": at["sql"],
                "data_dir": str(self._base / "data"),
                "bin_dir": str(programs()),
                "pgpass": str(self._base / "pgpass"),
                "pg_hba": _TRUSTED,
                "parameters": {"unix_socket_directories": str(self._base)},
                "remove_data_directory_on_rewind_failure": True,
                "authentication": _USERS,
            },
        }

    @property
    def log(self) -> Path:
        """What Patroni and the server say."""
        return self._base / "log"

    def start(self) -> None:
        """Start Patroni, which starts the server as what it has to be."""
        self._started.close()
        env = {"PATH": PATH, "HOME": str(self._base)}
        command = program("patroni", INSTALL), self._config
        patroni = child(*command, log=self.log, ends_by=signal.SIGTERM, env=env)
        self._process = self._keeper.submit(self._started.enter_context, patroni).result()

    def kill(self) -> None:
        """``kill -9``: Patroni and the server, as if the machine had gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.kill_server()

    def kill_server(self) -> None:
        """``kill -9`` the server alone, before the eyes of its Patroni."""
        pid = (self._base / "data/postmaster.pid").read_text().split()[0]
        os.kill(int(pid), signal.SIGKILL)

    def cut_off(self) -> None:
        """Let it not reach etcd, and let no other member reach it; nobody is told."""
        for link in self._links.values():
            link.cut()

    def reconnect(self) -> None:
        """End a `cut_off`."""
        for link in self._links.values():
            link.mend()

    def stop(self) -> None:
        """End both in an orderly way, if they run, and the network."""
        self._started.close()
        for link in self._links.values():
            link.close()

    def says(self, role: str) -> bool:
        """Whether its Patroni says that it has a role: primary, sync or replica."""
        return answers(f"http://127.0.0.1:{self._api}/{role}")

    def until(self, role: str) -> None:
        """Return when it has a role."""
        until(lambda: self.says(role), self.log)


def programs() -> Path:
    """The newest PostgreSQL of the system's that has all that Patroni calls.

    Raises:
        ClusterUnavailable: there is none.
    """
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    for folder in sorted(folders, key=lambda each: int(each.parent.name), reverse=True):
        if all((folder / name).exists() for name in _NEEDED):
            return folder
    raise ClusterUnavailable(f"PostgreSQL is missing: {INSTALL}")
