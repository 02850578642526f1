"""Tortoise's clients, and their databases."""

from __future__ import annotations

from typing import Any

from tests.clients import (
    TortoiseAsyncmy,
    TortoiseAsyncpg,
    TortoiseClient,
    TortoisePsycopg,
    TortoiseSqlite,
)

KINDS: list[tuple[type[TortoiseClient], Any]] = [
    (TortoiseAsyncpg, "postgresql"),
    (TortoisePsycopg, "postgresql"),
    (TortoiseSqlite, "sqlite"),
    (TortoiseAsyncmy, "mariadb"),
]

SERVERS = {"mariadb": "mariadb", "postgresql": "postgres"}
"""The fixture of each server's URL."""
