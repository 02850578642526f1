"""``manage.py aseq holders``."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from aseq.django import sync
from tests.django.threads import elsewhere


def run(*args: str) -> str:
    out = StringIO()
    call_command("aseq", "holders", *args, stdout=out, no_color=True)
    return out.getvalue()


def test_who_holds_it(name: str) -> None:
    series = f"{name}/tenant=7"
    counter = sync.Sequence(f"{series}/2026")
    with elsewhere(lambda: sync.get_next_value(name), "default"):
        held = run(name, f"{name}-other")
        assert re.fullmatch(
            rf"{name}: is held by backend \d+ \(.*\), idle in transaction for .* ago\n", held
        )
    assert run(name) == ""
    with elsewhere(counter.get_next_value, "default"):
        assert run(counter.sequence_name).startswith(f"{counter.sequence_name}: is held by")
    with elsewhere(counter.get_next_value, "default"):  # it is in the table by now
        assert f"{counter.sequence_name}: is held by" in run()


def test_sqlite_does_not_tell(name: str) -> None:
    with pytest.raises(CommandError) as caught:
        run(name, "--database=sqlite")

    assert str(caught.value).startswith("sqlite doesn't tell who holds a sequence.")
    assert caught.value.returncode == 2
