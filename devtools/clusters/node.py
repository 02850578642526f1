"""One of several servers of MySQL's protocol: started, asked, paused, killed, started again.

Knows how such a server starts and ends, and no way of replication. Must not know aseq or
pytest.
"""

import abc
import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import pymysql

from devtools.children import child

_PATIENCE = 60.0


class Node(abc.ABC):
    """One of the servers.

    Attributes:
        name: what it is called.
        base: its directory.
        ports: where it listens, by what for; `sql` is for clients,
            `group` for the other nodes.
        url: of its database.
        ends_by: the signal that ends it.
    """

    ends_by = signal.SIGTERM

    def __init__(self, base: Path, name: str, ports: Iterable[str], keeper: Executor) -> None:
        self.name, self.base, self._keeper = name, base / name, keeper
        self.base.mkdir()
        self.ports = {port: free_port() for port in ("sql", "group", *ports)}
        self.url = f"mysql://root@127.0.0.1:{self.ports['sql']}/aseq"
        self._process: subprocess.Popen[bytes] | None = None
        self._started = contextlib.ExitStack()

    @property
    def log(self) -> Path:
        """Its log."""
        return self.base / "log"

    @property
    def address(self) -> str:
        """Where other nodes find it."""
        return f"127.0.0.1:{self.ports['group']}"

    @abc.abstractmethod
    def start(self, addresses: Sequence[str], *, first: bool = False) -> None:
        """Start it, and return when it takes part in the cluster.

        Args:
            addresses: of the nodes to find the cluster by.
            first: it is the first one, and makes the cluster.
        """

    @abc.abstractmethod
    def wait_size(self, size: int) -> None:
        """Return when it sees so many nodes, and all of them take part."""

    def restart(self, nodes: Sequence["Node"]) -> None:
        """Start it again, after it was killed; `nodes` are all there are."""
        self.start([node.address for node in nodes if node is not self])

    def run(self, *command: str, env: Mapping[str, str] | None = None) -> None:
        """Start the server, for as long as the thread lives that keeps it."""
        self._started.close()
        server = child(*command, log=self.log, ends_by=self.ends_by, env=env)
        self._process = self._keeper.submit(self._started.enter_context, server).result()

    def kill(self) -> None:
        """``kill -9``."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it in an orderly way, if it runs."""
        self._started.close()

    def pause(self) -> None:
        """Let it do nothing, as if it was cut off: its connections stay open."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """End a `pause`."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def ask(self, sql: str) -> list[Any]:
        """Run one statement, over its own socket."""
        return self.ask_all(sql)

    def ask_all(self, *statements: str) -> list[Any]:
        """Run statements on one connection; gives the rows of the last one."""
        with (
            pymysql.connect(
                unix_socket=str(self.base / "socket"), user="root", autocommit=True
            ) as conn,
            conn.cursor() as cursor,
        ):
            for sql in statements:
                cursor.execute(sql)
            return list(cursor.fetchall())

    def until(self, says: Callable[[], bool]) -> None:
        """Return when it says so; an error of its is no answer yet."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and self._lives():
            with contextlib.suppress(pymysql.Error):
                if self._greets() and says():  # a connect that fails leaks the driver's socket
                    return
            time.sleep(0.05)
        tail = self.log.read_text(errors="replace")[-4000:]
        raise RuntimeError(f"{self.name} didn't get there:\n{tail}")

    def _lives(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _greets(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(5)
            caller.connect(str(self.base / "socket"))
            return bool(caller.recv(1))
        return False


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
