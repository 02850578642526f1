"""An audit with the ledger beside the rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aseq.audit
import aseq.ledger
import aseq.numbering
from aseq import AsyncSequence, InvalidSequence, sync
from aseq.audit import Audit, Range
from aseq.sync import Ledger, Numbering, Sequence
from tests import clients
from tests.database import Database

LEDGER = Ledger()


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    conn = sqlite3.connect(tmp_path / "invoices.db")
    sync.create_table(conn)
    LEDGER.create_table(conn)
    conn.execute("CREATE TABLE invoice (id integer PRIMARY KEY, number)")
    yield conn
    conn.close()


def issued(conn: sqlite3.Connection, what: Sequence | Numbering, *saved: int) -> None:
    """Issue six numbers, of which only some have a row; 2 and 3 are made void."""
    for number in range(1, 7):
        drawn: Any = LEDGER.issue(conn, what)
        value = drawn if isinstance(what, Sequence) else drawn.text
        if number in saved:
            conn.execute("INSERT INTO invoice (number) VALUES (?)", (value,))
        if number in (2, 3):
            text = str(drawn) if isinstance(what, Numbering) else drawn
            LEDGER.void(conn, text, of=what, reason="wrong")
    conn.commit()


def audited(conn: sqlite3.Connection, what: Sequence | Numbering) -> Audit:
    return sync.audit(conn, "invoice.number", what, ledger=LEDGER)


def test_a_void_number_isnt_missing(conn: sqlite3.Connection) -> None:
    seq = Sequence("it's")
    issued(conn, Sequence("other"))
    issued(conn, seq, 1, 2, 4, 6)
    [series] = audited(conn, seq).series
    assert series.missing == (Range(5, 5, 1),)
    assert [(void.number, void.reason, void.row.table) for void in series.voids] == [
        (3, "wrong", "aseq_ledger")
    ]
    assert series.repeated == ()


def test_what_was_looked_at_can_be_read(conn: sqlite3.Connection) -> None:
    result = audited(conn, Sequence("cases"))
    assert result.where == (
        "state = 'void' AND sequence = 'cases' AND NOT EXISTS "
        "(SELECT 1 FROM invoice WHERE invoice.number = aseq_ledger.number)"
    )
    assert "\0" not in str(result)


def test_of_a_numbering(conn: sqlite3.Connection) -> None:
    every = Numbering(
        "inv", "{branch}-{year}-{number}", period="year", tz="UTC", scope=["tenant"]
    )
    paris, rome = (every.bind(tenant=7, branch=branch) for branch in ("Paris", "Rome"))
    issued(conn, rome, 1, 4, 5, 6)
    issued(conn, paris, 1, 2, 4, 6)
    result = audited(conn, every.bind(tenant=7, branch="Paris"))
    [series] = result.series
    assert series.missing == (Range(5, 5, 1),)
    assert len(series.voids) == 1
    [series] = audited(conn, rome).series
    assert series.missing == ()


def test_scopes_that_are_printed(conn: sqlite3.Connection) -> None:
    every = Numbering("inv", "{branch}-{number}")
    for branch in ("Paris", "Rome"):
        issued(conn, every.bind(branch=branch), 1, 4, 5, 6)
    result = audited(conn, every)
    assert len(result.series) == 2
    assert result.ok


def test_texts_beside_the_numbers_of_a_sequence(conn: sqlite3.Connection) -> None:
    conn.execute("CREATE TABLE bill (number varchar(20))")
    with pytest.raises(InvalidSequence) as caught:
        sync.audit(conn, "bill.number", Sequence("bills"), ledger=LEDGER)
    assert str(caught.value) == (
        "ledger has the numbers of a sequence, and bill.number has texts: audit them with the "
        "Numbering that they were issued with"
    )


def test_what_cannot_work(conn: sqlite3.Connection) -> None:
    numbers = Numbering("inv", "{number}", scope=["tenant"])
    with pytest.raises(InvalidSequence, match="ledger must be a Ledger, not 'x'"):
        sync.audit(conn, "invoice.number", numbers.bind(tenant=1), ledger="x")  # type: ignore[arg-type]
    tenant = {"tenant": "invoice.id"}
    with pytest.raises(InvalidSequence, match="ledger can't be told scopes by columns"):
        sync.audit(conn, "invoice.number", numbers, scope=tenant, ledger=LEDGER)
    with pytest.raises(InvalidSequence, match="ledger is the table"):
        sync.audit(conn, "aseq_ledger.number", Sequence("x"), ledger=LEDGER)


@pytest.mark.only(client=clients.Asyncmy, dialect={"mariadb", "mysql"})
@pytest.mark.parametrize("collation", ["utf8mb4_general_ci", "latin1_swedish_ci"])
async def test_on_a_server_where_texts_are_told_apart_otherwise(
    database: Database, name: str, collation: str
) -> None:
    """The caller's column has another collation than the ledger; a name has a backslash."""
    ledger, table = aseq.ledger.Ledger(f"{name}_l".replace("-", "_")), name.replace("-", "_")
    numbers = aseq.numbering.Numbering(f"{name}'\\", "Inv-{branch}-{number}", scope=["branch"])
    seq, options = AsyncSequence(f"{name}\\"), f"CHARACTER SET {collation.partition('_')[0]}"
    database.run(
        f"CREATE TABLE {table} (id int PRIMARY KEY AUTO_INCREMENT, n bigint, "
        f"text varchar(50) {options} COLLATE {collation})"
    )
    async with database.connect() as client:
        await ledger.create_table(client.conn)
        async with client.transaction():
            for number in range(1, 6):
                issued = await ledger.issue(client.conn, numbers, branch="a")
                n = await ledger.issue(client.conn, seq)
                if number not in (2, 4):
                    await client.execute(
                        f"INSERT INTO {table} (n, text) VALUES ({n}, '{issued.text}')"
                    )
                if number in (2, 3):
                    await ledger.void(client.conn, issued, reason="wrong")
                    await ledger.void(client.conn, n, of=seq, reason="wrong")
        for what, column in ((numbers, "text"), (numbers.bind(branch="a"), "text"), (seq, "n")):
            found = await aseq.audit.audit(
                client.conn, f"{table}.{column}", what, ledger=ledger
            )
            [series] = found.series
            assert series.missing == (Range(4, 4, 1),)
            assert [void.number for void in series.voids] == [2]
        assert f"sequence = '{seq.name}' AND NOT EXISTS" in str(found.where)
    database.run(f"DROP TABLE {ledger.table}, {table}")
