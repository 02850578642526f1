"""Plays a page: runs its blocks in order, and compares what they print."""

from __future__ import annotations

import ast
import asyncio
import datetime as dt
import gc
import inspect
import re
import sqlite3
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from types import ModuleType

import psycopg

from aseq._loss import GIVEN_UP_NOTE
from tests.docs import shell
from tests.docs.markdown import Block, blocks, page_id
from tests.docs.setup import Place, prepared

# Blocks that aren't run: (page, first line) and the reason.
NOT_RUN = {
    ("CONTRIBUTING.md", "src/aseq/"): "its files are looked up in test_reference",
    (
        "docs/explanation/cancellation.md",
        GIVEN_UP_NOTE,
    ): "compared with the code in test_reference",
    ("docs/reference/errors.md", "AseqError"): "compared with the code in test_reference",
}

WRITTEN = dt.date(2026, 11, 27)

_LANGUAGES = ("python", "text", "sh", "sql")


async def play(page: Path, here: Place) -> None:
    """Run the blocks of a page in a place.

    Raises:
        AssertionError: a block doesn't print what the page says.
    """
    with module(page) as namespace:
        async with prepared(page_id(page), namespace):
            printed = ""
            for block in blocks(page):
                if (page_id(page), block.code.partition("\n")[0]) in NOT_RUN:
                    continue
                if block.language == "text":
                    shown, really = map(timeless, (block.code, printed))
                    assert shown == really, f"printed by the block before {block.line}"
                    printed = ""
                    continue
                assert not printed, f"not shown on the page, before line {block.line}"
                printed = await run(block, page, here, namespace)
            assert not printed, "not shown on the page, at its end"
    for thread in threading.enumerate():  # aiosqlite's, of connections that were forgotten
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join, 2)


def timeless(text: str) -> str:
    """A text that is the same whenever it is printed.

    Pages are written as if today were the day `WRITTEN`, wherever the reader is. The time of
    day differs each time, and so does what errors say about the time that they waited.
    """
    today = dt.datetime.now(dt.UTC).date()
    for day in (today + dt.timedelta(days=days) for days in (-1, 0, 1)):
        text = text.replace(day.isoformat(), WRITTEN.isoformat())
        text = text.replace(str(day.year), str(WRITTEN.year))
    text = re.sub(r"T\d\d:\d\d:\d\dZ", "T12:00:00Z", text)
    return re.sub(r"\(waited for \d+\.\d s\)", "(waited for a time)", text)


async def run(block: Block, page: Path, here: Place, namespace: ModuleType) -> str:
    """Run a block; gives what it prints."""
    code = here.localised(block.code)
    assert block.language in _LANGUAGES, f"{page}:{block.line}: {block.language!r}"
    if block.language == "python" and block.title is not None:
        here.folder.joinpath(block.title).write_text(code, encoding="utf-8")
        return ""
    if block.language == "sh":
        return "".join(shell.run(line, here.folder) for line in code.splitlines())
    if block.language == "sql" and block.title == "SQLite":
        with closing(sqlite3.connect(":memory:")) as lite:
            lite.executescript(code)
        return ""
    if block.language == "sql":
        with psycopg.connect(here.postgres) as conn:
            conn.execute(code.encode())
        return ""
    return await run_python("\n" * (block.line - 1) + code, str(page), namespace)


async def run_python(code: str, filename: str, namespace: ModuleType) -> str:
    """Run Python code that may await; gives what it prints."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    compiled = compile(code, filename, "exec", flags=flags, dont_inherit=True)
    with redirect_stdout(StringIO()) as out:
        result = eval(compiled, vars(namespace))
        if inspect.iscoroutine(result):
            await result
    return out.getvalue()


@contextmanager
def module(page: Path) -> Iterator[ModuleType]:
    """The namespace of a page, as a module: some libraries look classes up by theirs."""
    module = ModuleType("page_" + page.stem.replace("-", "_"))
    sys.modules[module.__name__] = module
    try:
        yield module
    finally:
        del sys.modules[module.__name__]
        with warnings.catch_warnings():  # nor does any other test hear of it
            warnings.simplefilter("ignore")
            vars(module).clear()
            gc.collect()
