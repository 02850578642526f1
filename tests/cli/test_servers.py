"""The command on a server of its own, which asks for passwords and has a hot standby."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest

from devtools.postgres import PostgresServer, postgres_server, postgres_standby
from tests.cli.conftest import KINDS, Command

PASSWORD, WRONG = "hunter2-right", "hunter2-wrong"
# Written by the server itself, whose file it is: only carol is asked.
HBA = """\
COPY (VALUES
    ('local all all trust'),
    ('host all carol all scram-sha-256'),
    ('host all all all trust'),
    ('host replication all all trust')
) TO '{}'"""


@pytest.fixture(scope="module")
def primary() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        with psycopg.connect(server.dsn, autocommit=True) as conn:
            conn.execute(f"CREATE ROLE carol LOGIN PASSWORD '{PASSWORD}'".encode())
            conn.execute("GRANT ALL ON SCHEMA public TO carol")
            [file] = conn.execute("SHOW hba_file").fetchone() or ()
            conn.execute(HBA.format(file).encode())
            conn.execute("SELECT pg_reload_conf()")
        with suppress(psycopg.OperationalError):
            while True:  # until it has read the file
                psycopg.connect(as_carol(server, WRONG)).close()
        yield server


def told(aseq: Command, dsn: str) -> dict[str, tuple[str, str, str]]:
    """What the doctor says of each topic."""
    _, out, err = aseq("doctor", "--dsn", dsn, "--json")
    assert err == ""
    return {
        each["topic"]: (each["state"], each["text"], each["paste"]) for each in json.loads(out)
    }


def as_carol(server: PostgresServer, password: str, driver: str = "") -> str:
    scheme = f"postgresql+{driver}" if driver else "postgresql"
    return server.dsn.replace("postgresql://postgres@", f"{scheme}://carol:{password}@")


@pytest.mark.parametrize("driver", KINDS[1:])
def test_a_wrong_password(driver: str, aseq: Command, primary: PostgresServer) -> None:
    """The server's own reply: it has the user's name, and a driver adds what it tried."""
    for verb in (
        ["list"],
        ["doctor"],
        ["doctor", "--json"],
        ["next", "x", "--yes"],
        ["create"],
    ):
        code, out, err = aseq(*verb, "--dsn", as_carol(primary, WRONG, driver))
        assert (code, out) == (3, ""), err
        assert 'password authentication failed for user "***"' in err
        assert "carol" not in err
        assert "hunter2" not in err
    good = as_carol(primary, PASSWORD, driver)
    assert aseq("create", "--dsn", good).code == 0
    texts = [text for verb in ("list", "doctor") for text in aseq(verb, "--dsn", good)[1:]]
    assert not any(secret in text for text in texts for secret in ("hunter2", "carol"))


def test_a_hot_standby(aseq: Command, primary: PostgresServer) -> None:
    assert aseq("create", "--dsn", primary.dsn).code == 0
    assert told(aseq, primary.dsn)["standbys"][:2] == ("OK", "there are none")
    with postgres_standby(primary) as copy:
        for driver in ("psycopg", "asyncpg"):
            dsn = copy.dsn.replace("postgresql:", f"postgresql+{driver}:")
            found = told(aseq, dsn)
            assert found["server"] == (
                *("WARN", "it is a standby, where nobody can draw", "name the primary"),
            )
            assert {topic for topic, (state, *_) in found.items() if state == "WARN"} == {
                *("server", "crashes", "idle_in_transaction_session_timeout"),
            }
            assert aseq("doctor", "--dsn", dsn).code == 1
            assert aseq("list", "--dsn", dsn).code == 0
            code, out, err = aseq("next", "invoices", "--yes", "--dsn", dsn)
            assert (code, out) == (3, "")
            assert "read-only transaction" in err
        state, text, paste = told(aseq, primary.dsn)["standbys"]
        assert (state, text.partition(":")[0]) == ("WARN", "none is synchronous")
        with psycopg.connect(
            primary.dsn, autocommit=True
        ) as conn:  # the line does what it says
            conn.execute(paste.encode())
            conn.execute("SELECT pg_reload_conf()")
            synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'quorum'"
            while conn.execute(synchronous).fetchone() != (1,):
                pass
            assert told(aseq, primary.dsn)["standbys"][:2] == ("OK", "1 of 1 are synchronous")
            conn.execute("ALTER SYSTEM RESET synchronous_standby_names")
            conn.execute("SELECT pg_reload_conf()")
