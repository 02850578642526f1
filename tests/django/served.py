"""The tests' project, served by a real uvicorn, and clients of it."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from django.core.asgi import get_asgi_application
from django.test.utils import override_settings

MIDDLEWARE: dict[str, list[str]] = {
    "async": [],
    "sync": ["tests.django.shop.views.sync_only"],
}


@contextmanager
def served(middleware: list[str]) -> Iterator[str]:
    """Serve it; gives the URL."""
    with (
        override_settings(
            ALLOWED_HOSTS=["*"],
            MIDDLEWARE=middleware,
            ROOT_URLCONF="tests.django.shop.urls",
        ),
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        app = get_asgi_application()
        config = uvicorn.Config(app, lifespan="off", log_level="critical", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=[[listening]])
        thread.start()
        try:
            host, port = listening.getsockname()
            yield f"http://{host}:{port}"
        finally:
            server.should_exit = True
            thread.join()
            _collect_connections()


def _collect_connections() -> None:
    """Forget the connections that Django left open, before they fail another test.

    When a client hangs up during a query under sync middleware, ``request_finished``,
    which closes the connections, can overtake that query: its connection stays open.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


async def hang_up(url: str, path: str, when: asyncio.Event) -> None:
    """Send a request, and don't wait for the answer."""
    address = httpx.URL(url)
    _, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {address.host}\r\n\r\n".encode())
    await writer.drain()
    await when.wait()
    writer.close()
    await writer.wait_closed()
