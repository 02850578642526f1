"""Where an issuer gets its connections, and what it does to them beside drawing.

The contract of the modules beside this one. They import no library: whoever passes an
engine or a pool has imported it.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol


class Link(Protocol):
    """A connection that is the issuer's alone, until it is released or given up.

    Attributes:
        conn: what numbers are drawn on, and what the caller's hooks get.
    """

    conn: Any

    async def begin(self) -> None:
        """Begin a transaction: READ COMMITTED, whatever the connection is set to."""
        ...

    async def execute(self, sql: str) -> None:
        """Run a statement without parameters, also in a transaction that has failed."""
        ...

    async def check(self) -> None:
        """Say something to the server: raises if the connection is lost.

        And if the transaction has failed; then the error is the server's own.
        """
        await self.execute("SELECT 1")

    async def commit(self) -> None:
        """Commit."""
        ...

    async def rollback(self) -> None:
        """Roll back."""
        ...

    async def release(self) -> None:
        """Give it back, outside a transaction."""
        ...

    async def give_up(self) -> None:
        """Close it, whatever state it is in, and give it back."""
        ...


class Source(Protocol):
    """An engine or a pool.

    Attributes:
        kind: whose connections they are: see `aseq.adapters.base.ConnectionInfo`.
    """

    kind: ClassVar[str]

    async def connect(self) -> Link:
        """Take a connection."""
        ...
