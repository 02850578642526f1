"""What has a key on a cluster of MySQL's protocol: its number stays, whichever node answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy.ext.asyncio import create_async_engine

from aseq.issuing import Issuer
from aseq.ledger import Ledger
from devtools.clusters.node import Node

from . import issued
from .writers import Kind, OnNodes, execute, numbers


async def issue_drafts(
    kind: Kind, nodes: Sequence[Node], happens: Callable[[], Awaitable[object]]
) -> None:
    """The issuer on the first node that can be written to; counted on the last one."""
    async with kind.connected(nodes[-1]) as conn:
        await execute(conn, "DROP TABLE IF EXISTS draft")
        await execute(conn, issued.TABLE)
        await execute(conn, issued.FILL)
        await conn.commit()
    group = OnNodes(kind, nodes)
    engine = create_async_engine("mysql+asyncmy://", async_creator=group.connect)
    answers = await issued.issue_all(
        Issuer(engine, numbers, "draft.number", key="id", timeout=5),
        lambda: group.ready("t0"),
        happens,
    )
    await engine.dispose()
    rows = nodes[-1].ask_all(kind.up_to_date, "SELECT id, number FROM aseq.draft")
    issued.assert_issued(answers, rows)


async def issue_by_key(
    kind: Kind, nodes: Sequence[Node], happens: Callable[[], Awaitable[object]]
) -> None:
    """A key of the ledger has its number on another node."""
    ledger = Ledger()
    async with kind.connected(nodes[-1]) as conn:
        await execute(conn, "DROP TABLE IF EXISTS aseq_ledger")
        await ledger.create_table(conn)
        await conn.commit()

    async def issue(node: Node, key: str) -> int:
        async with kind.connected(node) as conn:
            await execute(conn, kind.up_to_date)
            await conn.begin()
            number = await ledger.issue(conn, numbers, key=key)
            await conn.commit()
        return number

    first = {key: await issue(nodes[0], key) for key in ("a", "b", "c")}
    await happens()
    again = {key: await issue(nodes[1], key) for key in ("c", "b", "a", "d")}
    assert again == first | {"d": 4}
