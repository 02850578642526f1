"""MySQL Group Replication: nodes that can all be written to, killed, paused and started again.

Knows how its nodes find each other. Must not know aseq or pytest.
"""

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

from devtools import unpacked
from devtools.children import child, give_away, keeper
from devtools.clusters.node import Node
from devtools.clusters.programs import PATH, ClusterUnavailable
from devtools.debian import DebianUnavailable

INSTALL = "apt-get install mysql-server-core"
"""The line that installs what is needed, where the system has a package of it."""

_GROUP = "6f9d3c52-0d5c-4c4f-9d0b-5f6d1f1b7a11"
_FAST = (
    "--innodb-flush-log-at-trx-commit=2",  # with 0, `kill -9` loses what the binary log has
    "--innodb-doublewrite=OFF",
    "--innodb-redo-log-capacity=64M",
    "--innodb-buffer-pool-size=64M",
    "--sync-binlog=0",
    "--group-replication-message-cache-size=134217728",
)
_SERVER = (
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--max-connections=300",
    "--mysqlx=OFF",
    "--auto-generate-certs=OFF",
    "--caching-sha2-password-auto-generate-rsa-keys=OFF",
    "--relay-log=relay",
    "--secure-file-priv=NULL",
    "--gtid-mode=ON",
    "--enforce-gtid-consistency=ON",
    "--report-host=127.0.0.1",
    "--plugin-load-add=group_replication.so",
)
# Without names, who comes over TCP isn't from "localhost". It isn't the group's to know.
_SET_UP = (
    "SET sql_log_bin = 0",
    "CREATE USER root@'127.0.0.1'",
    "GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION",
    (
        "CHANGE REPLICATION SOURCE TO source_user='root', source_password='' "
        "FOR CHANNEL 'group_replication_recovery'"
    ),
)
_MEMBERS = "performance_schema.replication_group_members"
_SIZE = f"SELECT COUNT(*), SUM(member_state = 'ONLINE') FROM {_MEMBERS}"


class Member(Node):
    """One of the nodes, each of which can be written to."""

    ends_by = signal.SIGKILL  # a paused one takes no other

    def __init__(self, base: Path, number: int, program: str, keeper: Executor) -> None:
        super().__init__(base, f"n{number}", (), keeper)
        self._number, self._program, self._is_set_up = number, program, False

    def create(self, data: Path) -> None:
        """Set its directory up, from one that another server was made with."""
        shutil.copytree(data, self.base / "data", symlinks=True)
        (self.base / "data/auto.cnf").unlink()  # who it is: each is somebody else
        give_away(self.base)

    def start(self, addresses: Sequence[str], *, first: bool = False) -> None:
        """Start it, and return when it takes part in the group."""
        self.run(self._program, "--no-defaults", *_FAST, *_SERVER, *self._options(addresses))
        self.until(lambda: bool(self.ask("SELECT 1")))
        if not self._is_set_up:
            self.ask_all(*_SET_UP)
            self._is_set_up = True
        self.join(first=first)

    def join(self, *, first: bool = False) -> None:
        """Take part in the group, and return when it does."""
        self.ask_all(
            f"SET GLOBAL group_replication_bootstrap_group = {first}",
            "START GROUP_REPLICATION",
            "SET GLOBAL group_replication_bootstrap_group = OFF",
        )
        self.wait_state("ONLINE")

    def rejoin(self) -> None:
        """Take part again, after it was expelled."""
        self.ask("STOP GROUP_REPLICATION")
        self.join()

    def be_the_only_primary(self) -> None:
        """Let the group be written to on this node alone; returns when the others refuse."""
        switch = "SELECT group_replication_switch_to_single_primary_mode(@@server_uuid)"
        self.ask(switch)

    def let_all_be_primaries(self) -> None:
        """Let the group be written to on each node again."""
        self.ask("SELECT group_replication_switch_to_multi_primary_mode()")

    def _options(self, addresses: Sequence[str]) -> Iterator[str]:
        yield from (f"--datadir={self.base / 'data'}", f"--socket={self.base / 'socket'}")
        yield from (f"--port={self.ports['sql']}", f"--pid-file={self.base / 'pid'}")
        yield from (f"--server-id={self._number}", f"--tmpdir={self.base}")
        replication = {
            "group-name": _GROUP,
            "start-on-boot": "OFF",
            "local-address": self.address,
            "group-seeds": ",".join(addresses),
            "single-primary-mode": "OFF",
            "enforce-update-everywhere-checks": "ON",
            "recovery-get-public-key": "ON",
            "member-expel-timeout": "0",
            "autorejoin-tries": "0",  # it comes back when it is told to
            "exit-state-action": "READ_ONLY",
        }
        yield from (f"--group-replication-{key}={value}" for key, value in replication.items())

    def wait_state(self, state: str) -> None:
        """Return when it is in a state, as it says itself."""
        mine = f"SELECT member_state FROM {_MEMBERS} WHERE member_id = @@server_uuid"
        self.until(lambda: self.ask(mine) == [(state,)])

    def wait_size(self, size: int) -> None:
        """Return when it sees so many nodes, and all of them take part."""
        self.until(lambda: self.ask(_SIZE) == [(size, size)])


@contextlib.contextmanager
def group_replication(count: int = 3) -> Iterator[list[Member]]:
    """Run a group, with an empty database ``aseq``, and remove it afterwards.

    Raises:
        ClusterUnavailable: MySQL is missing.
    """
    program = _program()
    with (
        tempfile.TemporaryDirectory(prefix="aseq-group-", ignore_cleanup_errors=True) as tmp,
        keeper() as thread,
        contextlib.ExitStack() as running,
    ):
        base = Path(tmp)
        data = _initialized(base, program)
        members = [Member(base, each, program, thread) for each in range(1, count + 1)]
        seeds = [member.address for member in members]
        for member in members:
            member.create(data)
            running.callback(member.stop)
            member.start(seeds, first=member is members[0])
        members[0].ask("CREATE DATABASE aseq")
        yield members


def reunite(members: Sequence[Member]) -> None:
    """Make one group of all again, whoever has left it; the first one has all that is kept."""
    for member in members:
        member.ask("STOP GROUP_REPLICATION")
    for member in members:
        member.join(first=member is members[0])


def _initialized(base: Path, program: str) -> Path:
    """What all nodes begin with."""
    give_away(base)
    data, log = base / "data", base / "log"
    command = (program, "--no-defaults", "--initialize-insecure", "--secure-file-priv=NULL")
    with child(*command, *_FAST[:4], f"--datadir={data}", log=log) as process:
        if process.wait() != 0:
            raise ClusterUnavailable(f"{INSTALL}\n{log.read_text(errors='replace')}")
    return data


def _program() -> str:
    """MySQL's server: the one that is named, else Debian sid's, else the system's."""
    folder = os.environ.get("ASEQ_TEST_MYSQL_BIN")
    try:
        found = shutil.which("mysqld", path=folder or str(unpacked.mysql()))
    except DebianUnavailable as exc:
        found = shutil.which("mysqld", path=PATH)
        if found is None or "mariadb" in Path(found).resolve().name:
            raise ClusterUnavailable(f"{exc}: {INSTALL}") from exc
    if found is None:
        raise ClusterUnavailable(f"mysqld isn't in {folder}: {INSTALL}")
    return found
