"""The command behind PgBouncer, which `aseq doctor` sees."""

from __future__ import annotations

import pytest

from aseq._cli.main import run


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "asyncpg"])
def test_the_command(
    driver: str, pooler: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ("--dsn", pooler.replace("postgresql:", f"postgresql+{driver}:"))
    for args in (["create"], ["next", name, "--yes"], ["next", name, "--yes"], ["list"]):
        assert run([*args, *place]) == 0, capsys.readouterr().err
    assert "1\n2\n" in capsys.readouterr().out
    run(["doctor", *place])
    assert "\nWARN: pooler: a PgBouncer is in front: " in capsys.readouterr().out
