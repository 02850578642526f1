"""A network between a server and those who call it, which can be cut: everything is held back.

Knows TCP. Must not know databases, aseq or pytest.
"""

import contextlib
import socket
import threading

from devtools.clusters.node import free_port


class Link:
    """A port on the loopback interface, from which all goes on to another one.

    While it is cut, nothing passes, and nobody is told: a new connection is accepted and
    hears nothing. What was sent meanwhile arrives afterwards, as over TCP.

    Attributes:
        port: where to call.
    """

    def __init__(self, to: int) -> None:
        self._to, self.port = to, free_port()
        self._whole = threading.Event()
        self._whole.set()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Let nothing pass."""
        self._whole.clear()

    def mend(self) -> None:
        """End a `cut`."""
        self._whole.set()

    def close(self) -> None:
        """Take no more calls; those under way end with their callers."""
        self.mend()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                caller, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=[caller], daemon=True).start()

    def _connect(self, caller: socket.socket) -> None:
        self._whole.wait()
        with caller:
            try:
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                return
            with server:
                answers = threading.Thread(target=self._pass, args=[server, caller])
                answers.start()
                self._pass(caller, server)
                answers.join()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._whole.wait()
                target.sendall(data)
        for end in source, target:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
