"""etcd, where the servers under Patroni agree on who is the primary.

Knows how etcd is started, and how to ask over HTTP. Must not know aseq or pytest.
"""

import contextlib
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from devtools.children import child, give_away
from devtools.clusters.node import free_port
from devtools.clusters.programs import program

INSTALL = "apt-get install patroni etcd-server postgresql"
"""The line that installs it and Patroni on Debian and Ubuntu."""

_PATIENCE = 90.0


@contextlib.contextmanager
def etcd(base: Path) -> Iterator[int]:
    """Run one in a directory; gives the port where it listens."""
    folder, port = base / "etcd", free_port()
    clients, peers = f"127.0.0.1:{port}", f"127.0.0.1:{free_port()}"
    base.chmod(0o755)
    folder.mkdir(mode=0o700)
    give_away(folder)
    options = (
        f"--data-dir={folder}",
        f"--listen-client-urls=http://{clients}",
        f"--advertise-client-urls=http://{clients}",
        f"--listen-peer-urls=http://{peers}",
        f"--initial-advertise-peer-urls=http://{peers}",
        f"--initial-cluster=default=http://{peers}",
        "--unsafe-no-fsync",
    )
    log = base / "etcd.log"
    with child(program("etcd", INSTALL), *options, log=log, ends_by=signal.SIGTERM):
        until(lambda: answers(f"http://{clients}/health"), log)
        yield port


def answers(url: str) -> bool:
    """Whether somebody answers, and says that all is well."""
    with (
        contextlib.suppress(OSError, urllib.error.URLError),
        urllib.request.urlopen(url, timeout=5) as answer,
    ):
        return bool(answer.status == 200)
    return False


def until(says: Callable[[], bool], log: Path) -> None:
    """Return when it says so; the error if it doesn't has the end of a log."""
    end = time.monotonic() + _PATIENCE
    while not says():
        if time.monotonic() > end:
            tail = log.read_text(errors="replace")[-4000:]
            raise RuntimeError(f"The cluster didn't get there:\n{tail}")
        time.sleep(0.05)
