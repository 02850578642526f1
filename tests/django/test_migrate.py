"""`migrate`, from nothing and back, with every setting, in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.django.process import Site

OURS, THEIRS = "aseq_sequence", "sequences_sequence"
ALONE, BOTH = ["aseq.django"], ["aseq.django", "sequences"]


@dataclass(frozen=True)
class Walk:
    """Settings, and the tables that they lead to.

    Attributes:
        apps: that are installed.
        table: as the setting names it.
        tables: that are there after `migrate`.
        left: what is left of them after `migrate aseq zero`.
    """

    apps: list[str]
    table: str
    tables: list[str]
    left: list[str]


WALKS = {
    "default": Walk(ALONE, OURS, [OURS], []),
    "both apps": Walk(BOTH, OURS, [OURS, THEIRS], [THEIRS]),
    "custom table": Walk(ALONE, "numbers", ["numbers"], []),
    "schema": Walk(ALONE, "main.numbers", ["numbers"], []),
    "seed's table": Walk(ALONE, THEIRS, [], []),
    "seed's table, both apps": Walk(BOTH, THEIRS, [THEIRS], [THEIRS]),
}


@pytest.mark.parametrize("walk", WALKS.values(), ids=WALKS)
def test_from_nothing_and_back(walk: Walk, tmp_path: Path) -> None:
    seen = Site(tmp_path, INSTALLED_APPS=walk.apps, ASEQ_TABLE=walk.table).walk()
    assert seen["before"] == ["aseq.W003"]
    assert seen["tables"] == walk.tables
    assert seen["left"] == walk.left
    if walk.tables:
        assert seen["checks"] == []
        assert seen["drawn"] == [7, 7]
    else:
        assert seen["checks"] == ["aseq.W003"]


def test_in_a_schema_of_postgresql(tmp_path: Path) -> None:
    keys = ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")
    database: dict[str, Any] = {key: connection.settings_dict[key] for key in keys}
    # The rest of the project is elsewhere, its record of migrations too.
    database["OPTIONS"] = {"options": "-c search_path=elsewhere"}
    site = Site(
        tmp_path,
        DATABASES={"default": database},
        INSTALLED_APPS=ALONE,
        ASEQ_TABLE="accounts.numbers",
    )
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA accounts; CREATE SCHEMA elsewhere")
        try:
            seen = site.walk()
            cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'accounts'")
            assert cursor.fetchone() == (0,)
        finally:
            cursor.execute("DROP SCHEMA accounts, elsewhere CASCADE")
    assert seen["drawn"] == [7, 7]
    assert seen["checks"] == []


def test_moving_from_the_seeds_table_to_a_new_one(tmp_path: Path) -> None:
    """As the guide says, step by step."""
    old = Site(tmp_path, INSTALLED_APPS=BOTH, ASEQ_TABLE=THEIRS)
    new = Site(tmp_path, INSTALLED_APPS=BOTH)
    draw = (
        "import django; django.setup()\n"
        "from django.db import transaction\n"
        "from aseq.django.sync import get_next_value\n"
        "with transaction.atomic(): print(get_next_value('invoices', 41))"
    )
    old.manage("migrate")
    assert old.python("-c", draw) == "41\n"
    new.manage("migrate", "aseq", "zero", "--fake")
    new.manage("migrate", "aseq")
    assert "invoices: 41 (new)" in new.manage("aseq", "take-over-table", THEIRS)
    assert new.python("-c", draw) == "42\n"
    assert "No planned migration operations" in new.manage("migrate", "--plan")
