"""Tortoise's backend asyncpg."""

from __future__ import annotations

from typing import ClassVar

from tortoise.exceptions import BaseORMException

from aseq._core.statement import Paramstyle
from aseq.adapters.asyncpg import AsyncpgExecutor

from ._postgres import PostgresClient


class AsyncpgClient(PostgresClient):
    """A client whose connections are asyncpg's."""

    driver = AsyncpgExecutor
    paramstyle: Paramstyle = AsyncpgExecutor.paramstyle
    driver_errors: ClassVar = (BaseORMException, *AsyncpgExecutor.driver_errors)
