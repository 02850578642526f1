"""Checks of the settings: those that can't work, and those that lose numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, router

from aseq._core.table import TableName
from aseq.django import conf
from aseq.errors import InvalidSequence


@checks.register("aseq")
def check_settings(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """aseq.E001, E002 and E003: a setting can't work. W005 and W006: one may lose numbers."""
    return [
        *_table_setting(),
        *_transaction_setting(),
        *_blocks_setting(),
        *_atomic_requests(),
        *_routers(),
    ]


def _table_setting() -> Iterator[checks.CheckMessage]:
    try:
        TableName.parse(conf.table())
    except InvalidSequence as exc:
        yield checks.Error(
            f"ASEQ_TABLE {exc.problem}.",
            hint='ASEQ_TABLE = "aseq_sequence"',
            id="aseq.E001",
        )


def _transaction_setting() -> Iterator[checks.CheckMessage]:
    required = conf.require_transaction()
    if not isinstance(required, bool):
        yield checks.Error(
            f"ASEQ_REQUIRE_TRANSACTION must be True or False, not {required!r}.",
            hint="ASEQ_REQUIRE_TRANSACTION = True",
            id="aseq.E002",
        )


def _blocks_setting() -> Iterator[checks.CheckMessage]:
    try:
        conf.max_blocks()
    except ImproperlyConfigured as exc:
        yield checks.Error(str(exc), hint="ASEQ_MAX_BLOCKS = 20", id="aseq.E003")


def _atomic_requests() -> Iterator[checks.CheckMessage]:
    ours = apps.get_model("aseq.Sequence")
    for alias, options in connections.settings.items():
        if options["ATOMIC_REQUESTS"] and router.allow_migrate_model(alias, ours):
            yield checks.Warning(
                f"Each request is a transaction on the database {alias!r} (ATOMIC_REQUESTS). "
                "A view that draws a number and then returns an error response, instead of "
                "raising an exception, commits the number without its row.",
                hint="Draw inside `with transaction.atomic():` in the view, where the error "
                'leaves that block. Then SILENCED_SYSTEM_CHECKS = ["aseq.W005"]',
                id="aseq.W005",
            )


def _routers() -> Iterator[checks.CheckMessage]:
    """Routers that know django-sequences, but not us."""
    if not apps.is_installed("sequences"):
        return
    theirs = router.db_for_write(apps.get_model("sequences.Sequence"))
    ours = router.db_for_write(apps.get_model("aseq.Sequence"))
    if theirs != ours:
        yield checks.Warning(
            f"DATABASE_ROUTERS send the sequences of django-sequences to the database "
            f"{theirs!r}, but those of aseq to {ours!r}.",
            hint='Let the routers treat the app label "aseq" as they treat "sequences".',
            id="aseq.W006",
        )
