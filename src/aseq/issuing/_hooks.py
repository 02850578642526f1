"""What the caller wants to be told inside a group's transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from aseq.numbering import DocumentNumber

from ._drafts import Key
from ._sources import Link


@dataclass(frozen=True, slots=True)
class Issued:
    """A row that got its number, as `on_issued` is told.

    Attributes:
        key: of the row, as the database tells it; a UUID as a text.
        number: what the column holds.
        document: the number with its date and its scope; None if it is of a sequence.
    """

    key: Key
    number: int | str
    document: DocumentNumber | None = None


OnBegin: TypeAlias = Callable[[Any], Awaitable[object]]
OnIssued: TypeAlias = Callable[[Any, Sequence[Issued]], Awaitable[object]]


class HookFailed(Exception):
    """Stands for an error of a hook's, which is its only argument."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """The caller's own work."""

    on_begin: OnBegin | None = None
    on_issued: OnIssued | None = None

    async def begin(self, link: Link) -> None:
        """Let it set the transaction up.

        Raises:
            HookFailed: it raised.
        """
        if self.on_begin is not None:
            with _failing("on_begin"):
                await self.on_begin(link.conn)

    async def issued(self, link: Link, issued: Sequence[Issued]) -> None:
        """Tell it what was issued.

        The savepoint isn't there for its errors. Its release fails if the hook swallowed an
        error of the database's, after which a COMMIT would be a ROLLBACK and say nothing; or
        if it has ended the transaction.

        Raises:
            HookFailed: it raised.
        """
        if self.on_issued is None or not issued:
            return
        await link.execute("SAVEPOINT aseq_issued")
        with _failing("on_issued"):
            await self.on_issued(link.conn, issued)
        await link.execute("RELEASE SAVEPOINT aseq_issued")


_AWAITED_CANCELLED = (
    "{} awaited something that was cancelled, and let the CancelledError out. The issuer "
    "itself wasn't cancelled"
)


@contextmanager
def _failing(name: str) -> Iterator[None]:
    """Tells what a hook raises from what happens to the issuer.

    A hook may await a task that somebody cancels. That isn't the end of the issuer's own task.

    Args:
        name: of the hook.

    Raises:
        HookFailed: it raised.
    """
    try:
        yield
    except Exception as exc:
        raise HookFailed(exc) from exc
    except asyncio.CancelledError as exc:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        error = RuntimeError(_AWAITED_CANCELLED.format(name))
        error.__cause__ = exc
        raise HookFailed(error) from exc
