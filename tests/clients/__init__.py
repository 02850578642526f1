"""The kinds of connection that the contract suite runs on, with the same verbs on each.

A client is one connection, opened, begun, committed and closed as its library's own
users would. What it does is never mocked.
"""

from __future__ import annotations

from .base import Client, sqlite_file
from .django import (
    AatomicMariadb,
    AatomicMysql,
    AatomicMysqlclient,
    AatomicPostgres,
    AatomicSqlite,
    AsyncBackend,
)
from .mysql import (
    Aiomysql,
    AiomysqlPool,
    Asyncmy,
    AsyncmyPool,
    ConnectionAsyncmy,
    SessionAiomysql,
    SessionAsyncmy,
)
from .piccolo import PiccoloClient, PiccoloPostgres, PiccoloSqlite
from .postgres import (
    ENDS_BLOCKS_THAT_NEVER_BEGAN,
    Asyncpg,
    AsyncpgPool,
    Psycopg,
    PsycopgBlock,
)
from .sqlalchemy import (
    LOST_BY_SQLALCHEMY,
    ConnectionAiosqlite,
    ConnectionAsyncpg,
    ConnectionPsycopg,
    SessionAiosqlite,
    SessionAiosqliteDefault,
    SessionAsyncpg,
    SessionPsycopg,
    SQLAlchemyConnection,
    SQLAlchemySession,
)
from .sqlite import Aiosqlite, AiosqliteLegacy, Sqlite3, Sqlite3Legacy
from .sync import (
    SyncConnectionMysqlclient,
    SyncConnectionPsycopg,
    SyncPsycopg,
    SyncPsycopgBlock,
    SyncSession,
    SyncSessionPsycopg,
    SyncSessionPsycopg2,
    SyncSessionPymysql,
    SyncSessionSqlite,
    SyncSessionSqliteDefault,
    SyncSqlite3,
    SyncSqlite3Legacy,
)
from .threads import PsycopgThread, PsycopgThreadBlock
from .tortoise import (
    TortoiseAsyncmy,
    TortoiseAsyncpg,
    TortoiseClient,
    TortoisePsycopg,
    TortoiseSqlite,
)

__all__ = (
    "ENDS_BLOCKS_THAT_NEVER_BEGAN",
    "LOST_BY_SQLALCHEMY",
    "AatomicMariadb",
    "AatomicMysql",
    "AatomicMysqlclient",
    "AatomicPostgres",
    "AatomicSqlite",
    "Aiomysql",
    "AiomysqlPool",
    "Aiosqlite",
    "AiosqliteLegacy",
    "AsyncBackend",
    "Asyncmy",
    "AsyncmyPool",
    "Asyncpg",
    "AsyncpgPool",
    "Client",
    "ConnectionAiosqlite",
    "ConnectionAsyncmy",
    "ConnectionAsyncpg",
    "ConnectionPsycopg",
    "PiccoloClient",
    "PiccoloPostgres",
    "PiccoloSqlite",
    "Psycopg",
    "PsycopgBlock",
    "PsycopgThread",
    "PsycopgThreadBlock",
    "SQLAlchemyConnection",
    "SQLAlchemySession",
    "SessionAiomysql",
    "SessionAiosqlite",
    "SessionAiosqliteDefault",
    "SessionAsyncmy",
    "SessionAsyncpg",
    "SessionPsycopg",
    "Sqlite3",
    "Sqlite3Legacy",
    "SyncConnectionMysqlclient",
    "SyncConnectionPsycopg",
    "SyncPsycopg",
    "SyncPsycopgBlock",
    "SyncSession",
    "SyncSessionPsycopg",
    "SyncSessionPsycopg2",
    "SyncSessionPymysql",
    "SyncSessionSqlite",
    "SyncSessionSqliteDefault",
    "SyncSqlite3",
    "SyncSqlite3Legacy",
    "TortoiseAsyncmy",
    "TortoiseAsyncpg",
    "TortoiseClient",
    "TortoisePsycopg",
    "TortoiseSqlite",
    "sqlite_file",
)
