"""Django on MariaDB and MySQL: drawing, what ends a transaction unnoticed, the commands."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import partial
from time import sleep
from typing import Any

import pytest
import sequences
from asgiref.sync import async_to_sync, sync_to_async
from django.core.management import call_command
from django.db import Error, IntegrityError, OperationalError, connections, transaction
from django.db.transaction import TransactionManagementError
from django.db.utils import ConnectionHandler
from django.test.utils import CaptureQueriesContext, override_settings
from pymysql.constants import CLIENT

import aseq.django
from aseq import (
    InvalidSequence,
    NotIssuable,
    SequenceCorrupted,
    UnsupportedConnection,
    create_table_sql,
)
from aseq._core.dialects import DialectName
from aseq.django import Issuer, aatomic, get_next_value, sync
from aseq.django._block.worker import Worker
from aseq.django._mysql import kill_query
from aseq.django.audit import aaudit, audit
from aseq.django.checks.database import check_databases
from aseq.django.errors import NotInTransaction, SequenceLocked
from aseq.django.operations import CreateLedgerTable
from aseq.ledger import create_guard_sql, create_ledger_sql
from aseq.testing import assert_gapless
from devtools.mariadb import mariadb_server
from devtools.mysql import is_asked_for, mysql_server
from tests.clients.mysql import connect_pymysql
from tests.django.settings import MysqlDriver
from tests.django.settings import mariadb as on_mariadb
from tests.django.shop.models import Case, Paper, Saved
from tests.django.storm import SEED, saved, work
from tests.django.threads import DEADLINE, elsewhere, in_threads, start
from tests.issuing.asked import told_why
from tests.mysqlclient import need_mysqlclient

M = "mariadb"
SERVERS = {"mariadb": mariadb_server} | ({"mysql": mysql_server} if is_asked_for() else {})
DATABASE = f"aseq_django_{os.getpid()}"  # workers may share a server

draw = partial(sync.get_next_value, using=M)


@contextmanager
def reachable(url: str, driver: MysqlDriver = "PyMySQL", **options: object) -> Iterator[None]:
    """The alias is the database at the URL, until the end of the block."""
    wanted = on_mariadb(url, driver) | {"OPTIONS": options}
    known = ConnectionHandler({"default": {}, M: wanted}).settings
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(connections.settings, M, known[M])
        connections[M] = connections.create_connection(M)  # not the one of before
        yield
        connections[M].close()
    del connections[M]  # made anew, with the settings of before, when it is asked for


@contextmanager
def new_project(server: str, **options: object) -> Iterator[str]:
    """A database of its own, migrated."""
    url = f"{server.rpartition('/')[0]}/{DATABASE}"
    with closing(connect_pymysql(server)) as admin, admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {DATABASE}")
        try:
            with reachable(url):
                for app in ("aseq", "sequences"):
                    call_command("migrate", app, database=M, verbosity=0)
                with connections[M].schema_editor() as editor:
                    editor.create_model(Saved)
                    editor.create_model(Case)
            yield url
        finally:
            cursor.execute(f"DROP DATABASE {DATABASE}")


@pytest.fixture(scope="module", params=SERVERS)
def brand(request: pytest.FixtureRequest) -> str:
    """Which of the two it is, as its dialect is called."""
    return str(request.param)


@pytest.fixture(scope="module")
def project(brand: str, request: pytest.FixtureRequest) -> Iterator[str]:
    with new_project(request.getfixturevalue(brand)) as url:
        yield url


@pytest.fixture(params=["PyMySQL", "mysqlclient"])
def driver(request: pytest.FixtureRequest) -> MysqlDriver:
    """What the connections of the test are made with."""
    found: MysqlDriver = request.param
    if found == "mysqlclient":
        need_mysqlclient()
    return found


@pytest.fixture(autouse=True)
def _reachable(project: str, driver: MysqlDriver) -> Iterator[None]:
    with reachable(project, driver):
        yield


def execute(sql: str, *args: object) -> list[tuple[Any, ...]]:
    with connections[M].cursor() as cursor:
        cursor.execute(sql, args or None)
        return list(cursor.fetchall()) if cursor.description else []


def test_the_functions(name: str, brand: str) -> None:
    timeout = None if brand == "mysql" else 1
    with pytest.raises(NotInTransaction):
        draw(name)
    with transaction.atomic(using=M):
        assert draw(name) == 1
        with transaction.atomic(using=M):
            assert sync.get_next_values(3, name, using=M) == range(2, 5)
            transaction.set_rollback(True, using=M)
        assert draw(name, nowait=True) == 2
        assert sync.advance_to(9, name, using=M) == 9
        assert draw(f"{name}/%s", 7, 9, timeout=timeout) == 7
        assert [draw(each) for each in (name.upper(), f"{name} ")] == [1, 1]
    assert sync.get_last_value(name, using=M) == 9
    with transaction.atomic(using=M):
        assert sync.delete(name, using=M)
    assert sync.get_last_value(name, using=M) is None


def test_the_server_is_asked_what_it_is_once(name: str) -> None:
    """On the connection that is drawn on, when that is made."""
    if "ASEQ_TEST_MYSQL_DSN" in os.environ:
        pytest.skip("others may connect to that server")
    asked = "SHOW GLOBAL STATUS LIKE 'Connections'"

    def made() -> int:
        [[_, count]] = execute(asked)
        return int(count)

    before = made()

    def draw_twice() -> None:
        assert sync.get_last_value(name, using=M) is None
        with transaction.atomic(using=M), CaptureQueriesContext(connections[M]) as sent:
            draw(name)
            draw(name)
        assert len(sent) == 2

    in_threads(draw_twice)
    assert made() == before + 1


def test_who_does_not_wait_goes_on(name: str, brand: str) -> None:
    with elsewhere(partial(draw, name), M), transaction.atomic(using=M):
        with pytest.raises(SequenceLocked):
            draw(name, nowait=True)
        refused = InvalidSequence if brand == "mysql" else SequenceLocked
        with pytest.raises(refused):
            draw(name, timeout=0.05)
        assert draw(f"{name}/other") == 1
    assert sync.get_last_value(f"{name}/other", using=M) == 1


@contextmanager
def waiting_draw(name: str, project: str) -> Iterator[tuple[Any, Future[None]]]:
    """A draw that waits in another thread: Django's connection there, and what comes of it."""
    waiting = list[Any]()

    def wait() -> None:
        with transaction.atomic(using=M):
            draw(f"{name}/other")
            waiting.append(connections[M])
            draw(name)

    with elsewhere(partial(draw, name), M), ThreadPoolExecutor(1) as pool:
        [waiter] = start(pool, wait)
        with closing(connect_pymysql(project)) as observer, observer.cursor() as seen:
            while not waiting or not seen.execute(
                "SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' "
                f"AND trx_mysql_thread_id = {waiting[0].aseq_thread_id}"
            ):
                assert not waiter.done()
                sleep(0.15)
        yield waiting[0], waiter


def test_a_draw_that_waits_is_ended_by_the_server(name: str, project: str) -> None:
    """As a block does it that is cancelled. (After some seconds it would hang up.)"""
    with waiting_draw(name, project) as (waiting, waiter):
        kill_query(waiting)
        with pytest.raises(OperationalError, match="1317"):
            waiter.result(DEADLINE)


def test_a_connection_that_another_thread_waits_on_is_given_up(name: str, project: str) -> None:
    """As a block does it whose coroutine is closed. (mysqlclient closes none in use.)"""
    with waiting_draw(name, project) as (waiting, waiter):
        worker = Worker(M)
        worker.connection = waiting
        worker.disconnect()
        with pytest.raises(Error):
            waiter.result(DEADLINE)
    assert sync.get_last_value(f"{name}/other", using=M) is None
    with transaction.atomic(using=M):
        assert draw(f"{name}/other", nowait=True) == 1


CHANGE = "UPDATE shop_saved SET number = 0 WHERE name = %s"


@pytest.fixture
def two_rows(name: str) -> tuple[str, str]:
    """The names of two rows that can be locked, each alone."""
    if not execute("SHOW INDEX FROM shop_saved WHERE Key_name = 'by_name'"):
        execute("CREATE INDEX by_name ON shop_saved (name)")
    both = f"{name}/mine", f"{name}/theirs"
    for each in both:
        Saved.objects.using(M).create(name=each, number=1)
    return both


def run_into_a_deadlock(url: str, rows: tuple[str, str], last: Callable[[], object]) -> None:
    """Make `last` close the circle. InnoDB lets go who has changed fewer rows: this one."""
    mine, theirs = rows
    with (
        closing(connect_pymysql(url)) as observer,
        closing(connect_pymysql(url)) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        seen, changes = observer.cursor(), other.cursor()
        other.begin()
        changes.executemany(
            "INSERT INTO shop_saved (name, number) VALUES (%s, 1)", [("x",)] * 50
        )
        changes.execute(CHANGE, [theirs])
        execute(CHANGE, mine)
        waiter = pool.submit(changes.execute, CHANGE, [mine])
        while not seen.execute(
            "SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' "
            f"AND trx_mysql_thread_id = {other.thread_id()}"
        ):
            assert not waiter.done()
            sleep(0.15)  # asked more often than that, the server shows what it has shown before
        try:
            last()
        finally:
            waiter.result(DEADLINE)
            other.rollback()


def test_a_swallowed_deadlock_repeats_no_number(
    name: str, project: str, two_rows: tuple[str, str]
) -> None:
    with transaction.atomic(using=M):
        number = draw(name)
        with pytest.raises(OperationalError, match="1213"):
            run_into_a_deadlock(project, two_rows, lambda: execute(CHANGE, two_rows[1]))
        for attempt in (lambda: execute(CHANGE, name), lambda: draw(name)):
            with pytest.raises(TransactionManagementError):
                attempt()
    with transaction.atomic(using=M):
        assert draw(name) == number == 1


def test_a_deadlock_of_a_statement_behind_another(
    name: str, project: str, driver: MysqlDriver, two_rows: tuple[str, str]
) -> None:
    """In one string with it: its error comes as the cursor is closed, and Django drops it."""
    several = {"client_flag": CLIENT.MULTI_STATEMENTS}
    with reachable(project, driver, **several), transaction.atomic(using=M):
        draw(name)
        run_into_a_deadlock(project, two_rows, lambda: execute(f"DO 0; {CHANGE}", two_rows[1]))
        with pytest.raises(TransactionManagementError):
            execute(CHANGE, name)
    assert sync.get_last_value(name, using=M) is None


def test_a_swallowed_deadlock_without_a_block(
    name: str, project: str, two_rows: tuple[str, str]
) -> None:
    connection = connections[M]
    connection.set_autocommit(False)
    assert draw(name) == 1
    with pytest.raises(OperationalError, match="1213"):
        run_into_a_deadlock(project, two_rows, lambda: execute(CHANGE, two_rows[1]))
    with pytest.raises(TransactionManagementError):
        execute(CHANGE, name)
    connection.rollback()
    assert draw(name) == 1
    connection.commit()


def test_a_swallowed_change_of_the_snapshot_repeats_no_number(
    name: str, project: str, brand: str, driver: MysqlDriver
) -> None:
    """As a MariaDB of 11.8 is set up."""
    if brand == "mysql":
        pytest.skip("it has no such setting")
    setting = "SET innodb_snapshot_isolation = ON"
    with (
        closing(connect_pymysql(project)) as other,
        other.cursor() as changes,
        reachable(project, driver, isolation_level="repeatable read", init_command=setting),
    ):
        changes.execute("INSERT INTO shop_saved (name, number) VALUES (%s, 1)", [name])
        with pytest.raises(TransactionManagementError, match="the server had ended"):
            asyncio.run(swallow(name, changes))
        with transaction.atomic(using=M):
            assert draw(name) == 1


async def swallow(name: str, others: Any) -> None:
    """Draw, and go on after an error that ended the transaction."""
    rows = Saved.objects.using(M).filter(name=name)
    async with aatomic(M):
        assert await get_next_value(name, using=M) == 1
        assert [row.number async for row in rows] == [1]
        others.execute(CHANGE, [name])
        with pytest.raises(OperationalError, match="1020"):
            assert [row async for row in rows.select_for_update()]
        with pytest.raises(TransactionManagementError):
            await get_next_value(name, using=M)


def test_a_timeout_that_ends_the_transaction(brand: str, driver: MysqlDriver) -> None:
    """As a server may be set up."""
    told = SERVERS[brand](innodb_rollback_on_timeout="ON", innodb_lock_wait_timeout=1)
    with told as server, new_project(server) as url, reachable(url, driver):
        Saved.objects.using(M).create(name="row", number=1)
        lock = partial(execute, CHANGE, "row")
        with elsewhere(lock, M), transaction.atomic(using=M):
            draw("invoices")
            with pytest.raises(OperationalError, match="1205"):
                lock()
            with pytest.raises(TransactionManagementError):
                execute("SELECT 1")


def fail(run: Callable[..., Any], *args: Any) -> None:
    """A wrapper that fails after the statement, with what looks like the server's word."""
    run(*args)
    raise OperationalError(1205, "of another connection")


def test_a_lost_number_is_not_committed(name: str) -> None:
    connection = connections[M]
    with transaction.atomic(using=M):
        with connection.execute_wrapper(fail), pytest.raises(OperationalError):
            draw(name)
        with pytest.raises(TransactionManagementError):
            execute("SELECT 1")
    connection.set_autocommit(False)
    with connection.execute_wrapper(fail), pytest.raises(OperationalError):
        draw(name)
    for end in (connection.commit, connection.rollback):
        with pytest.raises(Error):
            end()
    connection.close()
    assert sync.get_last_value(name, using=M) is None


def test_beside_django_sequences(name: str) -> None:
    with override_settings(ASEQ_TABLE=SEED):
        ours, theirs = partial(draw, name), partial(sequences.get_next_value, name, using=M)
        with transaction.atomic(using=M):  # who waits for a first row may be let go: 1213
            Saved.objects.using(M).create(name=name, number=ours())
        in_threads(*[partial(work, each, name, M) for each in (ours, theirs) * 2])
        numbers = saved(name, M)
        assert len(numbers) > 60
        assert_gapless(numbers)
        both = sequences.get_last_value(name, using=M), sync.get_last_value(name, using=M)
        assert both == (len(numbers),) * 2


def test_the_table(brand: DialectName) -> None:
    execute(create_table_sql(brand, "by_hand"))
    [[_, by_hand]] = execute("SHOW CREATE TABLE by_hand")
    [[_, migrated]] = execute("SHOW CREATE TABLE aseq_sequence")
    assert migrated == by_hand.replace("by_hand", "aseq_sequence")
    call_command("makemigrations", "aseq", check=True, dry_run=True, verbosity=0)


def found() -> list[str | None]:
    """What the checks find, beside what other tests left in the database."""
    messages = check_databases(None, databases=[M])
    return [message.id for message in messages if message.id != "aseq.E004"]


def test_the_check_of_the_storage_engine() -> None:
    assert found() == []
    execute("ALTER TABLE aseq_sequence ENGINE = MyISAM")
    assert found() == ["aseq.E010"]
    execute("ALTER TABLE aseq_sequence ENGINE = InnoDB")
    execute("CREATE OR REPLACE VIEW seen AS SELECT * FROM aseq_sequence")
    with override_settings(ASEQ_TABLE="seen"):
        [message] = [
            each for each in check_databases(None, databases=[M]) if each.id == "aseq.E010"
        ]
    assert "'seen' in database 'mariadb' is a view" in message.msg


def test_the_check_of_ids(brand: DialectName, name: str) -> None:
    """On MySQL they take a number's place; an answer of MariaDB's has a row."""
    execute("ALTER TABLE aseq_sequence ADD id int NOT NULL UNIQUE AUTO_INCREMENT")
    try:
        assert found() == (["aseq.E011"] if brand == "mysql" else [])
        with transaction.atomic(using=M):
            if brand == "mysql":
                with pytest.raises(SequenceCorrupted, match="AUTO_INCREMENT"):
                    draw(name)
            else:
                assert draw(name) == 1
    finally:
        execute("ALTER TABLE aseq_sequence DROP COLUMN id")


def test_a_mysql_that_is_too_old_is_refused() -> None:
    connection = connections[M]
    connection.mysql_server_data = connection.mysql_server_data | {"version": "5.7.44"}
    with pytest.raises(UnsupportedConnection, match=r"the MySQL 5\.7\.44 database"):
        draw()


def test_a_field(name: str) -> None:
    with transaction.atomic(using=M):
        cases = [Case.objects.using(M).create(text=f"{name}/{number}") for number in range(2)]
    assert cases[1].number == cases[0].number + 1 > 1000


@pytest.fixture
def papers() -> Iterator[None]:
    """The table of an unmanaged model."""
    with connections[M].schema_editor() as editor:
        editor.create_model(Paper)
    yield
    with connections[M].schema_editor() as editor:
        editor.delete_model(Paper)


@pytest.mark.usefixtures("papers")
def test_one_row_gets_a_number_in_sync_code(name: str) -> None:
    issuer = Issuer(Paper, "number", name, using=M)
    one, two = (Paper.objects.using(M).create() for _ in range(2))

    assert [issuer.issue_now(paper.pk) for paper in (one, two, one)] == [1, 2, 1]
    with pytest.raises(NotIssuable):
        issuer.issue_now(77)
    with transaction.atomic(using=M):
        three = Paper.objects.using(M).create()
        assert issuer.issue_now(three.pk) == 3
        transaction.set_rollback(True, using=M)
    assert sync.get_last_value(name, using=M) == 2
    assert set(Paper.objects.using(M).values_list("number", flat=True)) == {1, 2}


def level() -> str:
    """The session's isolation level, whichever name the server has for it."""
    names = "'tx_isolation', 'transaction_isolation'"
    return str(execute(f"SHOW VARIABLES WHERE variable_name IN ({names})")[0][1])


def forget() -> None:
    """In the thread of async code: the next test's database may be another one."""
    connections[M].close()
    del connections[M]


async def saved_papers(count: int, **values: str) -> list[int]:
    return [(await Paper.objects.using(M).acreate(**values)).pk for _ in range(count)]


async def gather(*calls: Any) -> list[Any]:
    return await asyncio.gather(*calls, return_exceptions=True)


@pytest.fixture(params=["read committed", "serializable", None])
def _at_level(request: pytest.FixtureRequest, project: str) -> Iterator[None]:
    with reachable(project, isolation_level=request.param):
        yield


@pytest.mark.usefixtures("papers", "_at_level")
async def test_an_issuer(name: str) -> None:
    """At READ COMMITTED; a row that is refused harms nobody else."""
    levels = list[str]()

    def look() -> None:
        levels.append(level())

    issuer = Issuer(Paper, "number", name, on_begin=look, using=M)
    [bad, *good] = [*await saved_papers(1, text="bad"), *await saved_papers(40)]
    told = await gather(*map(issuer.issue, [bad, *good]))
    again = await gather(*map(issuer.issue, good))
    papers = Paper.objects.using(M).exclude(number=None)
    kept = dict([row async for row in papers.values_list("pk", "number")])
    await sync_to_async(forget)()

    assert isinstance(told.pop(0), IntegrityError | OperationalError)
    assert told == again == list(range(1, 41))
    assert kept == dict(zip(good, told, strict=True))
    assert set(levels) == {"READ-COMMITTED"}


@pytest.mark.usefixtures("papers")
@pytest.mark.parametrize("refused", [False, True])
def test_an_issuer_on_the_connection_of_sync_code(
    name: str, project: str, refused: bool
) -> None:
    """As in the test client: that goes on at its own level."""
    with reachable(project, isolation_level="repeatable read"):
        paper = Paper.objects.using(M).create(text="bad" if refused else "")
        issuer = Issuer(Paper, "number", name, using=M)
        [told] = async_to_sync(gather)(issuer.issue(paper.pk))
        assert isinstance(told, Exception) if refused else told == 1
        assert level() == "REPEATABLE-READ"


@pytest.mark.usefixtures("papers")
def test_an_issuer_in_an_open_transaction(name: str, project: str) -> None:
    """As in a TestCase: at another level than READ COMMITTED it is refused."""
    for isolation, number in ("read committed", 1), ("repeatable read", None):
        with reachable(project, isolation_level=isolation), transaction.atomic(using=M):
            paper = Paper.objects.using(M).create()
            issuer = Issuer(Paper, "number", name, using=M)
            [told] = async_to_sync(gather)(issuer.issue(paper.pk))
            assert told == number or isinstance(told, UnsupportedConnection)
            transaction.set_rollback(True, using=M)
    assert sync.get_last_value(name, using=M) is None


@pytest.mark.usefixtures("papers")
async def test_an_issuer_whose_connection_is_lost(name: str, project: str) -> None:
    """Each row is told its number, once, whatever becomes of connections meanwhile."""
    killed = 0

    def kill() -> None:
        nonlocal killed
        if killed < 3:
            killed += 1
            [[thread]] = execute("SELECT CONNECTION_ID()")
            with closing(connect_pymysql(project)) as admin, admin.cursor() as cursor:
                cursor.execute(f"KILL {thread}")

    issuer = Issuer(Paper, "number", name, on_issued=lambda _: kill(), using=M)
    keys = await saved_papers(20)

    assert sorted(await gather(*map(issuer.issue, keys))) == list(range(1, 21))
    assert killed == 3
    await sync_to_async(forget)()


@pytest.mark.usefixtures("papers")
async def test_an_issuer_that_waits(name: str, project: str) -> None:
    """For a row, while the others have their numbers; and for the sequence."""
    issuer = Issuer(Paper, "number", name, using=M)
    [locked, *others] = await saved_papers(4)
    with closing(connect_pymysql(project)) as holder, holder.cursor() as cursor:
        holder.begin()
        cursor.execute(f"SELECT 1 FROM `Shop's papers` WHERE id = {locked} FOR UPDATE")
        call = asyncio.create_task(issuer.issue(locked))
        assert await gather(*map(issuer.issue, others)) == [1, 2, 3]
        await told_why(issuer, locked, "its row is locked")
        holder.commit()
        assert await call == 4
        [more] = await saved_papers(1)
        holder.begin()
        cursor.execute(f"SELECT 1 FROM aseq_sequence WHERE name = '{name}' FOR UPDATE")
        await told_why(issuer, more, "the sequence is held")
        holder.commit()
    assert await issuer.issue(more) == 5
    await sync_to_async(forget)()


def test_an_audit(name: str) -> None:
    """In a transaction, too: Django's are at READ COMMITTED."""
    where = f"name = '{name}'"
    with transaction.atomic(using=M):
        for _ in range(2):
            Saved.objects.using(M).create(name=name, number=draw(name))
        assert audit(Saved.number, name, where=where, using=M).ok
    Saved.objects.using(M).filter(name=name, number=1).delete()
    [series] = audit(Saved.number, name, where=where, using=M).series
    assert series.totals.missing == 1


async def test_an_audit_in_a_block(name: str) -> None:
    async with aatomic(using=M):
        number = await get_next_value(name, using=M)
        await Saved.objects.using(M).acreate(name=name, number=number)
        assert (await aaudit(Saved.number, name, where=f"name = '{name}'", using=M)).ok


@pytest.fixture
def ledger(name: str) -> Iterator[str]:
    """The table of a ledger, with its guard."""
    operation: Any = CreateLedgerTable(name.replace("-", "_"))
    with connections[M].schema_editor() as editor:
        operation.database_forwards("shop", editor, None, None)
    yield operation.table
    with connections[M].schema_editor() as editor:
        operation.database_backwards("shop", editor, None, None)


def test_a_ledger(name: str, ledger: str, brand: DialectName) -> None:
    numbers, book = sync.Numbering(name, "{number:03}", using=M), sync.Ledger(ledger, using=M)
    with pytest.raises(NotInTransaction):
        book.issue(numbers)
    with transaction.atomic(using=M):
        drawn = [book.issue(numbers, key=key).text for key in ("ü'\\%s", None, "ü'\\%s")]
        with suppress(ZeroDivisionError), transaction.atomic(using=M):
            book.issue(numbers)
            raise ZeroDivisionError
        many = book.issue_many(numbers, keys=["b", "ü'\\%s"])
        assert book.void("002", of=numbers, reason="x")
    assert drawn == ["001", "002", "001"]
    assert {key: each.number for key, each in many.items()} == {"b": 3, "ü'\\%s": 1}
    assert execute(f"SELECT number, state FROM {ledger} ORDER BY 1") == [
        *((1, "issued"), (2, "void"), (3, "issued")),
    ]
    for sql in (f"UPDATE {ledger} SET text = 'x'", f"DELETE FROM {ledger}"):
        with pytest.raises(OperationalError, match="only grows"):
            execute(sql)
    with connections[M].schema_editor(collect_sql=True) as editor:
        CreateLedgerTable(ledger).database_forwards("shop", editor, None, None)
    script = "\n".join(editor.collected_sql) + "\n"
    assert script == create_ledger_sql(brand, ledger) + create_guard_sql(brand, ledger)


async def test_a_ledger_in_async_code(name: str, ledger: str) -> None:
    seq, book = aseq.django.Sequence(name, using=M), aseq.django.Ledger(ledger, using=M)
    for _ in "ab":
        async with aatomic(using=M):
            assert await book.issue(seq, key="a") == 1
            assert await book.issue_many(seq, keys=["b", "a"]) == {"b": 2, "a": 1}


def test_the_command(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = partial(call_command, "aseq", database=M)
    run("advance-to", name, "41")
    run("show", name)
    assert "41" in capsys.readouterr().out
    run("list")
    assert name in capsys.readouterr().out
    with transaction.atomic(using=M):
        draw(name)
        sleep(0.2)  # MariaDB copies its lists if nobody has asked for 0.1 s
        run("holders", name)
    [line] = [each for each in capsys.readouterr().out.splitlines() if "this conn" in each]
    assert line.startswith(f"{name}: ")
    assert "held by backend" in line


def test_the_command_audits(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with transaction.atomic(using=M):
        sync.advance_to(41, name, using=M)
    with pytest.raises(SystemExit) as ended:
        call_command(
            "aseq",
            "audit",
            "shop.Saved.number",
            name,
            "--where",
            f"name = '{name}'",
            database=M,
        )
    assert ended.value.code == 1
    assert "1 to 41" in capsys.readouterr().out
