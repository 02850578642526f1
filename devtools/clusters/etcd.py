"""etcd, where the servers under Patroni agree on who is the primary.

Knows how etcd is started, and how to ask over HTTP. Must not know aseq or pytest.
"""

import contextlib
import shutil
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from devtools.children import child, give_away
from devtools.clusters.node import free_port

INSTALL = "apt-get install patroni etcd-server postgresql"
"""The line that installs it and Patroni on Debian and Ubuntu."""

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_PATIENCE = 90.0


class PatroniUnavailable(RuntimeError):
    """A program is missing; the message gives the line that installs it."""


@contextlib.contextmanager
def etcd(base: Path) -> Iterator[str]:
    """Run one in a directory; gives where it listens."""
    folder, clients, peers = base / "etcd", *(f"127.0.0.1:{free_port()}" for _ in "12")
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
    with child(program("etcd"), *options, log=log, ends_by=signal.SIGTERM):
        until(lambda: answers(f"http://{clients}/health"), log)
        yield clients


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


def program(name: str) -> str:
    """Where a program of the system's is."""
    found = shutil.which(name, path=PATH)
    if found is None:
        raise PatroniUnavailable(f"{name} is missing: {INSTALL}")
    return found
