"""What psycopg's connections have in common, awaited or driven in a thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import psycopg
from psycopg.abc import AdaptContext
from psycopg.pq import PipelineStatus, TransactionStatus
from psycopg.sql import SQL

from aseq._core.dialects import POSTGRESQL
from aseq._core.statement import Paramstyle

from .base import Executor, TransactionEnded


class Query(SQL):
    """A query that tells when psycopg is about to send it.

    Statements on one connection wait for each other inside psycopg. One whose caller
    gives up while it waits has sent nothing, and must not abort the other's work. One
    that waits for the other's COMMIT has no transaction any more when its turn comes.
    """

    def __init__(self, sql: str, begin: Callable[[], object]) -> None:
        super().__init__(sql)  # pyright: ignore[reportArgumentType]
        self._begin = begin

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        self._begin()
        return super().as_bytes(context)


class PsycopgConnection(Executor):
    """One psycopg connection.

    Attributes:
        block: how its users open a transaction.
    """

    dialect = POSTGRESQL
    paramstyle: Paramstyle = "format"
    driver_errors: ClassVar[tuple[type[Exception], ...]] = (psycopg.Error,)
    block: str

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def outside_transaction(self) -> str | None:
        status = self._connection.info.transaction_status
        if not self._connection.autocommit or status is TransactionStatus.INTRANS:
            return None
        if status in (TransactionStatus.INERROR, TransactionStatus.UNKNOWN):
            return None  # aborted, or closed: the error that comes says it best
        if status is TransactionStatus.ACTIVE:
            return (
                "the connection is in autocommit mode: sync the pipeline inside a transaction"
            )
        return f"the connection is in autocommit mode: open a transaction with `{self.block}`"

    def check_still_inside(self) -> None:
        """Refuse to send what would be committed by itself now, and wouldn't before.

        Raises:
            TransactionEnded: as it says.
        """
        idle = self._connection.info.transaction_status is TransactionStatus.IDLE
        if idle:
            advice = self.outside_transaction()
            if advice is not None:
                raise TransactionEnded(advice)

    @property
    def in_pipeline(self) -> bool:
        """Whether the server's answers have to be asked for."""
        return self._connection.info.pipeline_status is not PipelineStatus.OFF

    @property
    def aborted(self) -> bool:
        """Whether the transaction can't be committed any more."""
        status = self._connection.info.transaction_status
        return self._connection.closed or status is TransactionStatus.INERROR
