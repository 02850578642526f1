"""Tortoise's backend psycopg."""

from __future__ import annotations

from typing import ClassVar

from tortoise.exceptions import BaseORMException

from aseq._core.statement import Paramstyle
from aseq.adapters.psycopg import PsycopgExecutor

from ._postgres import PostgresClient


class PsycopgClient(PostgresClient):
    """A client whose connections are psycopg's."""

    driver = PsycopgExecutor
    paramstyle: Paramstyle = PsycopgExecutor.paramstyle
    driver_errors: ClassVar = (BaseORMException, *PsycopgExecutor.driver_errors)
