"""A deadlock of the caller's own statement, in a transaction that has drawn.

The server rolls everything back, tells of it with the error alone, and goes on; the driver's
flags stay those of before. Whoever catches that error and goes on would save a number that is
free again. So, from the first draw on, a connection of asyncmy's or aiomysql's is listened to:
after such an error it sends nothing but a ROLLBACK, or what begins another transaction.

What their cursors send goes through `query`. asyncmy's prepared statements don't: what they
meet, nobody hears.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

from aseq._core.dialects.mysql_family import ENDS_TRANSACTION, LOCK_WAIT_TIMEOUT, code

from ._mysql_further import hear_further

_TRANSACTION = "_aseq_transaction"
"""In a connection: what is known of its transaction."""

GONE = (
    "the server rolled back, after an error, the transaction in which a number was drawn. Roll "
    "back and try again"
)

_LEAVES = re.compile(
    r"\s*(ROLLBACK(\s+WORK)?|BEGIN(\s+WORK)?|START\s+TRANSACTION\b[^;]*)[\s;]*", re.IGNORECASE
)
"""What leaves a transaction, also one that has ended: a statement, or a method's name."""

_COMMITS = re.compile(r"\s*COMMIT(\s+WORK)?[\s;]*", re.IGNORECASE)

StillOpen = Callable[[Any], Awaitable[bool]]


class Transaction:
    """The transaction that is open on a connection, if it has drawn.

    Args:
        connection: of either driver. Only its weak reference is kept, for the connection
            holds this.
        refusal: makes the driver's error for a connection that can't be used.
        still_open: asks the server of a connection whether a lock timeout has left its
            transaction open.
    """

    def __init__(
        self,
        connection: Any,
        refusal: Callable[[int, str], Exception],
        still_open: StillOpen,
    ) -> None:
        self._connection = weakref.ref(connection)
        self._refusal, self._still_open = refusal, still_open
        self._drawn_on: int | None = None  # by the server's id: a connection may be made anew
        self._error: BaseException | None = None
        for name in ("query", "begin", "commit", "rollback"):
            setattr(connection, name, self._listening(name))
        hear_further(connection, self._end)

    def note_drawn(self) -> None:
        """A number was drawn."""
        self._drawn_on = self._connected.thread_id()

    @property
    def has_ended(self) -> bool:
        """Whether the server has ended it, and nobody has rolled back since."""
        self._forget_another()
        return self._error is not None

    @property
    def _connected(self) -> Any:
        return self._connection()

    def _forget_another(self) -> None:
        """Without an error, the flags tell that another transaction has begun, or none."""
        connection = self._connected
        if connection.thread_id() != self._drawn_on or not (
            self._error or connection.get_transaction_status()
        ):
            self._forget()

    def _forget(self) -> None:
        self._drawn_on = self._error = None

    def _end(self, exc: BaseException) -> None:
        if self._drawn_on is not None:
            # Another one of the same: this one's traceback holds all that is on the stack.
            self._error = type(exc)(*exc.args)

    def _listening(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(type(self._connected), name)

        async def run(*args: Any, **kwargs: Any) -> Any:
            said = _text(*args, **kwargs) if name == "query" else name
            leaves, commits = (each.fullmatch(said) for each in (_LEAVES, _COMMITS))
            if self.has_ended and not leaves:
                raise self._refusal(0, GONE) from self._error
            try:
                answer = await method(self._connected, *args, **kwargs)
            except Exception as exc:
                await self._note(exc)
                if commits and self._error:  # whoever hears that knows it is over
                    self._forget()
                raise
            if leaves or commits:  # asyncmy's flags don't always tell
                self._forget()
            return answer

        return run

    async def _note(self, exc: Exception) -> None:
        if self._drawn_on is None:
            return
        number = code(exc)
        ended = number in ENDS_TRANSACTION
        if number == LOCK_WAIT_TIMEOUT:
            ended = not await self._still_open(self._connected)
        if ended:
            self._end(exc)


def _text(sql: str | bytes, *_: object, **__: object) -> str:
    return sql if isinstance(sql, str) else bytes(sql).decode(errors="replace")


def transaction(connection: Any) -> Transaction | None:
    """What is known of a connection's transaction, if it has ever drawn."""
    found: Transaction | None = vars(connection).get(_TRANSACTION)
    return found


def note_drawn(
    connection: Any, refusal: Callable[[int, str], Exception], still_open: StillOpen
) -> None:
    """A number was drawn on a connection. Arguments as for `Transaction`."""
    known = vars(connection)
    if _TRANSACTION not in known:
        known[_TRANSACTION] = Transaction(connection, refusal, still_open)
    known[_TRANSACTION].note_drawn()
