"""Servers as child processes: never as root, and gone when whoever started them is.

Knows no database. Must not know aseq or pytest.
"""

import contextlib
import ctypes
import functools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any


def death_signal(number: int) -> Callable[[], object] | None:
    """What a child calls, so that it gets a signal when its parent's *thread* ends.

    Be it by ``kill -9``. On Linux only: prctl(PR_SET_PDEATHSIG, ...), looked up before any
    fork.
    """
    if sys.platform != "linux":
        return None
    return functools.partial(ctypes.CDLL(None).prctl, 1, number)


die_with_parent = death_signal(signal.SIGINT)


@contextlib.contextmanager
def child(
    program: str | Path,
    *args: str | Path,
    log: Path,
    ends_by: int = signal.SIGINT,
    env: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives no longer than the block, nor than the thread that entered it.

    Args:
        program: what to run.
        args: its arguments.
        log: where its output is added.
        ends_by: the signal at which it ends in an orderly way.
        env: its environment; ours by default. Messages are in English.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [program, *args],
            stdout=output,
            stderr=output,
            cwd="/",  # the caller's may be closed to `nobody`
            env={**(os.environ if env is None else env), "LC_ALL": "C"},
            start_new_session=True,  # Ctrl-C is for the caller alone
            preexec_fn=death_signal(ends_by),
            **identity(),
        )
    try:
        yield process
    finally:
        process.send_signal(ends_by)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()


@contextlib.contextmanager
def keeper() -> Iterator[Executor]:
    """A thread to start children in, which lives as long as the block, and no longer than we.

    A thread of a pool may end at any time, and its children with it.
    """
    with ThreadPoolExecutor(1) as thread:
        yield thread


def identity() -> dict[str, Any]:
    """Whom servers run as: `nobody`, if we are root."""
    if os.geteuid() != 0:
        return {}
    import pwd  # not on Windows, where a server that runs already can be used

    nobody = pwd.getpwnam("nobody")  # servers refuse to run as root, or had better
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def give_away(base: Path) -> None:
    """Let a directory, and all in it, be of whom servers run as."""
    if owner := identity():
        for path in base, *base.rglob("*"):
            os.chown(path, owner["user"], owner["group"])
