"""The example's page, served by a process of its own, in the system's Chromium.

Nothing is downloaded: Playwright drives the browser that is installed (on Debian,
``apt-get install chromium``). For the tests in `tests/browser`, and for

    python -m devtools.page

which takes the pictures in ``docs/img``.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "img"
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")


class NoChromium(RuntimeError):
    """There is no browser to be driven."""


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The browser that ASEQ_TEST_CHROMIUM names, or the system's.

    Raises:
        NoChromium: there is none.
    """
    program = os.environ.get("ASEQ_TEST_CHROMIUM") or shutil.which("chromium")
    if not program:
        raise NoChromium("install chromium, or set ASEQ_TEST_CHROMIUM to a Chromium's path")
    sandbox = hasattr(os, "geteuid") and os.geteuid() != 0  # it refuses root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, chromium_sandbox=sandbox)
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def served(database: str = "") -> Iterator[str]:
    """The URL of the example application; on a PostgreSQL of its own unless told otherwise."""
    port = _free_port()
    env = os.environ | {"PORT": str(port), "DATABASE_URL": database}
    command = [sys.executable, "-m", "examples.invoices"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout
            server.stdout.readline()  # "Invoices: ...", or nothing if it couldn't start
            yield _when_up(server, port)
        finally:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=60)


def storm(page: Page, url: str) -> None:
    """Press the button, and wait for the auditor's verdict."""
    page.goto(url)
    page.wait_for_selector("body[data-ready]")
    page.click("#storm")
    page.wait_for_selector("#verdict.ok", timeout=120_000)


def _free_port() -> int:
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def _when_up(server: subprocess.Popen[bytes], port: int) -> str:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return f"http://127.0.0.1:{port}/"


def take_pictures() -> None:
    """A storm, in light and in dark: what is above the form."""
    with served() as url, chromium() as browser:
        for scheme in SCHEMES:
            page = browser.new_page(color_scheme=scheme, viewport={"width": 960, "height": 900})
            page.goto(url)
            if scheme == SCHEMES[0]:
                storm(page, url)
                page.evaluate("document.activeElement.blur()")
            else:
                page.wait_for_selector("body[data-ready]")
                page.evaluate("document.getElementById('progress').hidden = true")
            below = page.locator("section").nth(2).bounding_box()
            assert below
            clip: Any = {
                "x": 0,
                "y": 0,
                "width": 960,
                "height": below["y"] + below["height"] + 16,
            }
            page.screenshot(path=IMAGES / f"storm-{scheme}.png", full_page=True, clip=clip)


if __name__ == "__main__":
    take_pictures()
