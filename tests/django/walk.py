"""From nothing to a migrated project and back, and what was seen on the way, as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

import django
from django.apps import apps
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection, connections, transaction


def tables() -> list[str]:
    """The tables of sequences, of either library."""
    known = {"aseq_sequence", "sequences_sequence", "numbers"}
    return sorted(known.intersection(connection.introspection.table_names()))


def complaints() -> list[str]:
    """What the system checks say, Django's own too."""
    return [message.id for message in run_checks(databases=["default"])]


def drawn() -> list[int]:
    """A number, and the last value as the model sees it."""
    from aseq.django import sync

    with transaction.atomic():
        number = sync.get_next_value("invoices", 7)
    return [number, apps.get_model("aseq.Sequence").objects.get().last]


def main() -> dict[str, Any]:
    """Walk."""
    django.setup()
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    seen: dict[str, Any] = {
        "before": [message.id for message in run_checks(databases=["default"])]
    }
    call_command("migrate", verbosity=0, skip_checks=False)
    seen["tables"] = tables()
    seen["checks"] = complaints()
    if "aseq.W003" not in seen["checks"]:
        seen["drawn"] = drawn()
    call_command("migrate", "aseq", "zero", verbosity=0)
    seen["left"] = tables()
    connections.close_all()
    return seen


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
