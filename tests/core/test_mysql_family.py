"""MariaDB: which server it is, what a draw may set for itself, and what its errors say."""

from __future__ import annotations

import pytest

from aseq import AseqError, NotInTransaction, SequenceLocked, SequenceTableMissing
from aseq._core import plans
from aseq._core.dialects import DIALECTS, MARIADB, Draw, by_greeting
from aseq._core.dialects.mysql_family import is_from_server
from aseq._core.dialects.mysql_session import misread
from aseq._core.retry import is_retryable
from aseq._core.scripts import Plan, later
from aseq._core.spec import SequenceSpec
from aseq._core.statement import Statement
from aseq._core.table import TableName
from tests.core.errors import OperationalError, as_argument, as_orig
from tests.core.playing import play

# (what the server says, whether a draw may name the setting of snapshots; None: unknown)
GREETINGS = [
    ("5.5.5-10.11.19-MariaDB-0+deb12u1", True),
    ("10.11.7-MariaDB", False),
    ("10.5.23-MariaDB-1:10.5.23+maria~deb11", None),
    ("10.6.17-MariaDB", False),
    ("10.6.18-MariaDB", True),
    ("10.9.8-MariaDB", False),
    ("11.3.2-MariaDB", False),
    ("11.4.2-MariaDB-log", True),
    ("11.8.9-MariaDB-0+deb13u1 from Debian", True),
    ("12.0.2-MariaDB", True),
    ("10.4.34-MariaDB", None),
    ("5.7.44-log", None),
    ("nonsense", None),
]


@pytest.mark.parametrize(("greeting", "snapshots"), GREETINGS)
def test_the_server_says_what_it_is(greeting: str, snapshots: bool | None) -> None:
    dialect = by_greeting(greeting)

    if dialect is None:
        assert snapshots is None
        return
    [draw] = dialect.draw[Draw(looping=False, queued=True)]
    assert dialect.name == "mariadb"
    assert ("innodb_snapshot_isolation" in draw.text) is snapshots
    assert by_greeting(greeting) is dialect  # plans are remembered for it


TABLE = "Table 'shop.aseq_sequence' doesn't exist"

# (error, which of ours it is, whether a new transaction may go better)
ERRORS: list[tuple[Exception, type[AseqError] | None, bool]] = [
    (OperationalError(1205, "Lock wait timeout exceeded"), SequenceLocked, True),
    (OperationalError(1969, "max_statement_time exceeded"), SequenceLocked, False),
    (OperationalError(3572, "NOWAIT is set"), SequenceLocked, True),
    (OperationalError(1139, "Regex error"), NotInTransaction, False),
    (OperationalError(3691, "Mismatched parenthesis"), NotInTransaction, False),
    (OperationalError(1146, TABLE), SequenceTableMissing, False),
    (OperationalError(1146, "Table 'shop.no_audit' doesn't exist"), None, False),
    (OperationalError(1049, "Unknown database 'shop'"), None, False),
    (OperationalError(1146, TABLE.replace("ence", "ences")), None, False),
    (OperationalError(1213, "Deadlock found"), None, True),
    (OperationalError(1206, "The total number of locks exceeds"), None, False),
    (OperationalError(1020, "Record has changed since last read"), None, True),
    (OperationalError(1040, "Too many connections"), None, True),
    (OperationalError(1047, "WSREP has not yet prepared node"), None, True),
    (OperationalError(1290, "running with the --super-read-only option"), None, True),
    (OperationalError(3101, "Plugin instructed the server to rollback"), None, True),
    # After these, the group may have kept what was committed.
    (OperationalError(1180, "Got error 6 during COMMIT"), None, False),
    (
        OperationalError(3100, "Error on observer while running hook 'before_commit'"),
        None,
        False,
    ),
    (OperationalError(1062, "Duplicate entry"), None, False),
    (OperationalError(2013, "Lost connection"), None, False),
    (OperationalError(0, "Not connected"), None, False),
    (OperationalError("1213"), None, False),
    (OperationalError("1213", "Deadlock found"), None, False),
    (ValueError(1213, "not a driver's"), None, False),
]


@pytest.mark.parametrize(("exc", "ours", "again"), ERRORS)
def test_what_an_error_says(exc: Exception, ours: type[AseqError] | None, again: bool) -> None:
    for wrapped in (exc, as_orig(exc), as_argument(exc)):
        assert MARIADB.explain(wrapped, "aseq_sequence") is ours
        assert is_retryable(wrapped) is again


def test_codes_after_which_nothing_is_left_of_the_transaction() -> None:
    assert MARIADB.ends_transaction == {1213, 1206, 1020, 1613, 1614}
    assert 1205 not in MARIADB.ends_transaction
    assert next(iter(DIALECTS)) == "mariadb"  # a SQLSTATE of its errors says less


def test_a_draw_is_checked_by_the_server_only_if_it_has_to_be() -> None:
    table = TableName("numbers")
    [template] = MARIADB.draw[Draw(looping=False, queued=True)]
    statement = Statement(template, table, {"name": "a", "start": 1, "advance": 1})

    checked, _ = MARIADB.render(statement, "format", table, inside=True)
    unchecked, _ = MARIADB.render(statement, "format", table)

    assert "@@in_transaction" in checked
    assert checked.replace(MARIADB.inside, "1") == unchecked


def test_the_table() -> None:
    assert MARIADB.ddl(TableName("numbers", "billing")) == (
        "CREATE TABLE IF NOT EXISTS `billing`.`numbers` (\n"
        "    name varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,\n"
        "    last bigint NOT NULL,\n"
        "    PRIMARY KEY (name),\n"
        "    CONSTRAINT numbers_name_check CHECK (length(name) BETWEEN 1 AND 400),\n"
        "    CONSTRAINT numbers_last_check "
        "CHECK (CAST(replace(CAST(last AS char(20)), '.', 'x') AS decimal(19)) = last)\n"
        ") ENGINE=InnoDB"
    )


def test_a_plan_that_is_made_when_it_begins() -> None:
    made = list[str]()

    def make() -> Plan[int]:
        made.append("now")
        return (yield from plans.preview(SequenceSpec(), MARIADB))

    plan = later(make)
    assert made == []
    _, following = play(plan, [(7,)])
    assert (made, following) == (["now"], 8)


@pytest.mark.parametrize(
    ("code", "expected"), [(1213, True), (3572, True), (2013, False), (None, False)]
)
def test_whose_number_it_is(code: int | None, expected: bool) -> None:
    assert is_from_server(code) is expected


def test_a_schema_that_is_missing() -> None:
    missing = OperationalError(1049, "Unknown database 'billing'")
    assert MARIADB.explain(missing, "billing.numbers") is SequenceTableMissing
    assert MARIADB.explain(missing, "shop.numbers") is None


@pytest.mark.parametrize(
    ("modes", "limit", "length", "said"),
    [
        ("STRICT_TRANS_TABLES,ORACLE", 2**64 - 1, 1024, None),
        ("PAD_CHAR_TO_FULL_LENGTH", str(2**64 - 1), "1024", "SET SESSION sql_mode = REPLACE("),
        ("ANSI,EMPTY_STRING_IS_NULL", 2**64 - 1, 1024, "SET SESSION sql_mode = REPLACE("),
        ("", 1000, 1024, "SET SESSION sql_select_limit = DEFAULT"),
        ("", 2**64 - 1, 64, "SET SESSION max_sort_length = DEFAULT"),
    ],
)
def test_what_a_session_may_not_have_set(
    modes: str, limit: object, length: object, said: str | None
) -> None:
    found = misread(modes, limit, length)

    assert (found is None) if said is None else (found is not None and said in found[1])
