"""`holders` on every kind of connection: who holds a sequence, and who waits for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import anyio
import pytest

from aseq import AsyncSequence, Holder, HoldersUnknown, InvalidSequence, allocate, holders
from aseq.numbering import Numbering
from tests.blocks import backend_pid
from tests.clients import Client
from tests.database import Database
from tests.observer import observing

pytestmark = pytest.mark.only(awaited=True)  # aseq.sync has no holders()


@pytest.mark.only(dialect="postgresql")
async def test_who_holds_it_and_who_waits(database: Database, name: str) -> None:
    seq, numbers = AsyncSequence(name), Numbering(f"{name}-n", "{number}", scope=["t"])
    bound = numbers.bind(t=1)
    async with database.connect() as holder, database.connect() as waiter:  # noqa: SIM117
        async with database.connect() as asking:
            pids = [await backend_pid(each) for each in (holder, waiter)]
            async with anyio.create_task_group() as tasks, holder.transaction():
                await holder.execute(f"SET LOCAL application_name = '{name}'")
                await seq.next_value(holder.conn)
                await bound.next(holder.conn)
                tasks.start_soon(draw_both, waiter, seq, bound)
                with observing(database.url) as observer:
                    await observer.until_waiting(pids[1])
                seen = await ask(asking, seq, bound)
            assert await ask(asking, seq, bound) == []

    told = [(each.sequence, each.holds, each.pid) for each in seen]
    counter = bound.sequence().name
    assert told[:2] == [(name, True, pids[0]), (name, False, pids[1])]
    assert told[2:] == [(counter, True, pids[0])]
    held, waits, _ = seen
    assert (held.application, held.state, held.own) == (name, "idle in transaction", False)
    assert (waits.state, waits.certain) == ("active", True)
    for each in seen:
        assert each.since is not None
        assert timedelta(0) <= each.asked_at - each.since < timedelta(minutes=1)


async def draw_both(client: Client, *what: Any) -> None:
    async with client.transaction():
        await allocate(client.conn, dict.fromkeys(what, 1))


async def ask(client: Client, *what: Any) -> list[Holder]:
    async with client.transaction():
        return await holders(client.conn, *what)


@pytest.mark.only(dialect="sqlite")
async def test_sqlite_does_not_tell(database: Database, name: str) -> None:
    async with database.connect() as client, client.transaction():
        with pytest.raises(HoldersUnknown):
            await holders(client.conn, AsyncSequence(name))
        assert await AsyncSequence(name).next_value(client.conn) == 1


async def test_refused(database: Database, name: str) -> None:
    refused: list[tuple[tuple[Any, ...], str]] = [
        ((), "sequences must be at least one"),
        ((name,), f"sequences has {name!r}, which is neither an AsyncSequence nor a Numbering"),
        (
            (Numbering(name, "{number}", scope=["tenant"]),),
            "tenant isn't bound: bind(tenant=...) does that",
        ),
    ]
    async with database.connect() as client:
        for what, text in refused:
            with pytest.raises(InvalidSequence) as caught:
                await holders(client.conn, *what)
            assert str(caught.value) == text
