"""A network that can be slow, silent or gone: a TCP proxy on loopback, before PostgreSQL.

It runs in threads of its own, so that it goes on while a test blocks its event loop.
Every method may be called from anywhere and returns at once, unless it says that it waits.
"""

from __future__ import annotations

import random
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Condition, Thread

DEADLINE = 20.0
# The end of every answer of PostgreSQL: ReadyForQuery, and the state of the transaction.
_READY = re.compile(rb"Z\x00\x00\x00\x05[ITE]$")


class Proxy:
    """Passes everything on, until told otherwise.

    Attributes:
        url: the server's URL, by way of the proxy.
    """

    def __init__(self, url: str, *, delay: float = 0) -> None:
        host, port = re.search(r"@([^:/]+):(\d+)", url).groups()  # type: ignore[union-attr]
        self._server = host, int(port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.url = url.replace(
            f"@{host}:{port}", f"@127.0.0.1:{self._listener.getsockname()[1]}"
        )
        self._changed = Condition()
        self._answers = self._questions = True
        self._delay, self._random = delay, random.Random(7)
        self._held = b""
        self._delivered = self._opened = 0
        self._sockets: list[socket.socket] = []
        Thread(target=self._accept, daemon=True).start()

    def hold_answers(self) -> None:
        """Keep back what the server says; what it hears passes."""
        self._set(answers=False, questions=self._questions)

    def freeze(self) -> None:
        """Pass nothing on, either way, not for new connections either. Nothing is closed."""
        self._set(answers=False, questions=False)

    def release(self) -> None:
        """Pass everything on again, and first what was kept back."""
        self._set(answers=True, questions=True)

    def cut(self) -> None:
        """Close every connection."""
        with self._changed:
            sockets, self._sockets = self._sockets, []
            self._changed.notify_all()
        for end in sockets:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Be gone."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.release()
        self.cut()

    def wait_for_answer(self) -> None:
        """Wait, blocking, until a whole answer is being kept back."""
        self._wait(lambda: bool(_READY.search(self._held)))

    def deliver(self) -> None:
        """Pass on what was kept back, and wait, blocking, until the client's socket has it."""
        with self._changed:
            goal = self._delivered + len(self._held)
        self.release()
        self._wait(lambda: self._delivered >= goal)

    @property
    def opened(self) -> int:
        """How many connections there were, those that asked to cancel something included."""
        return self._opened

    def _set(self, *, answers: bool, questions: bool) -> None:
        with self._changed:
            self._answers, self._questions = answers, questions
            self._changed.notify_all()

    def _wait(self, ready: object) -> None:
        with self._changed:
            if not self._changed.wait_for(ready, DEADLINE):  # type: ignore[arg-type]
                raise TimeoutError("the proxy waited in vain")

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            with self._changed:
                self._opened += 1
                self._sockets += client, server
                self._changed.notify_all()
            Thread(target=self._ask, args=(client, server), daemon=True).start()
            Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with _closing(client, server):
            while data := client.recv(65536):
                self._pause()
                with self._changed:
                    self._changed.wait_for(lambda: self._questions)
                server.sendall(data)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with _closing(server, client):
            while data := server.recv(65536):
                self._pause()
                with self._changed:
                    self._held += data
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: self._answers)
                client.sendall(data)
                with self._changed:
                    self._held = self._held.replace(data, b"", 1)
                    self._delivered += len(data)
                    self._changed.notify_all()
            with self._changed:  # a frozen network doesn't tell that the server hung up
                self._changed.wait_for(lambda: self._questions)

    def _pause(self) -> None:
        if self._delay:
            time.sleep(self._random.uniform(0, self._delay))


@contextmanager
def _closing(source: socket.socket, target: socket.socket) -> Iterator[None]:
    with suppress(OSError):
        yield
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    source.close()


@contextmanager
def proxy_before(url: str, *, delay: float = 0) -> Iterator[Proxy]:
    """A proxy before the server of a URL, gone at the end of the block.

    Args:
        url: the server's.
        delay: everything is passed on up to so many seconds late, at random.
    """
    proxy = Proxy(url, delay=delay)
    try:
        yield proxy
    finally:
        proxy.close()
