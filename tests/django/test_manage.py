"""A management command: many tasks under asyncio.run, outside any request."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from django.db import connections

from aseq.django import aatomic, advance_to
from tests.django.saved import last, saved
from tests.django.server import observed

ROOT = Path(__file__).parents[2]
TASKS, AT_ONCE = 150, 20
DEADLINE = 120.0

MANAGE = """
import sys

from django.core.management import execute_from_command_line

sys.path.insert(0, {root!r})
execute_from_command_line(sys.argv)
"""


def database(max_age: int | None) -> dict[str, Any]:
    """The tests' own database, for another process."""
    here = connections["default"].settings_dict
    names = ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")
    return {name: here[name] for name in names} | {"CONN_MAX_AGE": max_age}


@asynccontextmanager
async def manage(
    folder: Path, max_age: int | None, *args: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """``python manage.py`` with arguments, ended after the block."""
    script, errors = folder / "manage.py", folder / "errors.txt"
    script.write_text(MANAGE.format(root=str(ROOT)))
    settings = {"DATABASES": {"default": database(max_age)}, "ASEQ_MAX_BLOCKS": AT_ONCE}
    with errors.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "error", str(script), *args),
            cwd=folder,
            env=os.environ
            | {
                "DJANGO_SETTINGS_MODULE": "tests.django.settings",
                "ASEQ_DJANGO_SETTINGS": json.dumps(settings),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=file,
        )
        try:
            yield process
            assert process.stdin is not None
            process.stdin.close()
            with anyio.fail_after(DEADLINE):
                assert await process.wait() == 0, errors.read_text()
        finally:
            if process.returncode is None:
                process.kill()
                with anyio.CancelScope(shield=True):
                    await process.wait()


@pytest.mark.parametrize("max_age", [0, 600, None])
async def test_many_tasks(name: str, tmp_path: Path, max_age: int | None) -> None:
    async with aatomic():
        await advance_to(0, name)
    command = manage(tmp_path, max_age, "issue", name, str(TASKS))
    async with observed() as (server, other), command as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with other.holding(name):
            await server.until(lambda: len(server.others()) == AT_ONCE)
            await server.until(lambda: all(wait == "Lock" for _, _, wait in server.others()))
            first = {pid for pid, _, _ in server.others()}
            process.stdin.write(b"cancel\n")
            # A fifth of them is woken, though nobody lets go of what they wait for.
            await server.until(
                lambda: len(first - {pid for pid, _, _ in server.others()}) == AT_ONCE // 5
            )
        with anyio.fail_after(DEADLINE):
            told = json.loads(await process.stdout.readline())
        # Only the connection is left that an ORM call outside a block has opened.
        await server.until(lambda: [state for _, state, _ in server.others()] == ["idle"])

    # Nobody went on to use a transaction that had lost a number, so there is no warning.
    assert (tmp_path / "errors.txt").read_text() == ""
    assert told["others"] == {"ZeroDivisionError": 40, "CancelledError": 30}
    assert told["numbers"] == list(range(1, 81)) == await saved(name)
    assert told["rows"] == await last(name) == 80
