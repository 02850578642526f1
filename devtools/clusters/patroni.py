"""PostgreSQL under Patroni and etcd: whoever is killed is replaced, and comes back as standby.

Knows how Patroni is set up. Must not know aseq or pytest.
"""

import contextlib
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

from devtools.children import child, give_away, keeper
from devtools.clusters.etcd import (
    INSTALL,
    PATH,
    PatroniUnavailable,
    answers,
    etcd,
    program,
    until,
)
from devtools.clusters.node import free_port

_NEEDED = ("postgres", "initdb", "pg_basebackup", "pg_rewind", "pg_controldata", "pg_isready")
_SECONDS = {"ttl": 20, "loop_wait": 1, "retry_timeout": 3}  # as little as Patroni takes


class Member:
    """A PostgreSQL with the Patroni that looks after it.

    Attributes:
        name: what Patroni calls it.
        port: of the server.
        dsn: of its database.
    """

    def __init__(self, base: Path, name: str, etcd: str, keeper: Executor) -> None:
        self.name, self._base, self._keeper = name, base / name, keeper
        self.port, self._api = free_port(), f"127.0.0.1:{free_port()}"
        self.dsn = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._base.mkdir()
        # All of JSON is YAML, too.
        self._config = self._base / "patroni.yml"
        self._config.write_text(json.dumps(self._settings(etcd)))
        give_away(self._base)
        self._started = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    def _settings(self, etcd: str) -> dict[str, object]:
        address = f"127.0.0.1:{self.port}"
        trusted = [f"host {what} all 127.0.0.1/32 trust" for what in ("all", "replication")]
        shared = {"use_pg_rewind": True, "parameters": {"fsync": "off", "max_connections": 100}}
        whole = _SECONDS | {"synchronous_mode": True, "primary_start_timeout": 0}
        users = {"superuser": "postgres", "replication": "replicator", "rewind": "postgres"}
        return {
            "scope": "aseq",
            "name": self.name,
            "restapi": {"listen": self._api, "connect_address": self._api},
            "etcd3": {"hosts": etcd},
            "bootstrap": {
                "dcs": whole | {"master_start_timeout": 0, "postgresql": shared},
                "initdb": [{"encoding": "UTF8"}, {"auth": "trust"}, "no-sync"],
            },
            "postgresql": {
                "listen": address,
                "connect_address": address,
                "data_dir": str(self._base / "data"),
                "bin_dir": str(_programs()),
                "pgpass": str(self._base / "pgpass"),
                "pg_hba": ["local all all trust", *trusted],
                "parameters": {"unix_socket_directories": str(self._base)},
                "remove_data_directory_on_rewind_failure": True,
                "authentication": {
                    kind: {"username": name, "password": "unused"}
                    for kind, name in users.items()
                },
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
        patroni = child(
            program("patroni"), self._config, log=self.log, ends_by=signal.SIGTERM, env=env
        )
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

    def stop(self) -> None:
        """End both in an orderly way, if they run."""
        self._started.close()

    def says(self, role: str) -> bool:
        """Whether its Patroni says that it has a role: primary, sync or replica."""
        return answers(f"http://{self._api}/{role}")

    def until(self, role: str) -> None:
        """Return when it has a role."""
        until(lambda: self.says(role), self.log)


class Cluster:
    """All of them.

    Attributes:
        members: those that are there, and those that were killed.
    """

    def __init__(self, members: list[Member]) -> None:
        self.members = members

    def primary(self) -> Member | None:
        """Who is it, as far as Patroni says."""
        return next((each for each in self.members if each.says("primary")), None)

    def until_primary(self, but: Member | None = None) -> Member:
        """Who is it now; waits until there is one."""
        others = [each for each in self.members if each is not but]
        until(lambda: any(each.says("primary") for each in others), others[0].log)
        return next(each for each in others if each.says("primary"))

    def until_whole(self) -> None:
        """Return when the primary has a synchronous standby, which may take over."""
        # One that has just been promoted still says that it is the standby, too.
        until(lambda: any(map(_is_standby, self.members)), self.members[0].log)


def _is_standby(member: Member) -> bool:
    return member.says("sync") and not member.says("primary")


@contextlib.contextmanager
def patroni(count: int = 2) -> Iterator[Cluster]:
    """Run a primary with its synchronous standby, and remove all of it afterwards.

    Raises:
        PatroniUnavailable: a program is missing.
    """
    program("patroni")
    _programs()
    with (
        tempfile.TemporaryDirectory(prefix="aseq-patroni-", ignore_cleanup_errors=True) as tmp,
        keeper() as thread,
        etcd(Path(tmp)) as address,
        contextlib.ExitStack() as running,
    ):
        cluster = Cluster(
            [Member(Path(tmp), f"n{each}", address, thread) for each in range(count)]
        )
        for member in cluster.members:
            running.callback(member.stop)
            member.start()
            cluster.until_primary()
        cluster.until_whole()
        yield cluster


def _programs() -> Path:
    """The newest PostgreSQL of the system's that has all that Patroni calls."""
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    for folder in sorted(folders, key=lambda each: int(each.parent.name), reverse=True):
        if all((folder / name).exists() for name in _NEEDED):
            return folder
    raise PatroniUnavailable(f"PostgreSQL is missing: {INSTALL}")
