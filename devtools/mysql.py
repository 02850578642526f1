"""Throw-away MySQL for the tests.

Knows where MySQL's programs are, and how a server is set up. Must not know aseq or pytest.
"""

import contextlib
import functools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from devtools.mariadb import Setup, database_on, is_mariadb, running

INSTALL = "make test-servers"
"""What unpacks a MySQL, and runs the tests on it. (Debian 12 has no package of it.)"""

_ADVICE = f"""No MySQL could be run. Do one of these:
- {INSTALL}
- set ASEQ_TEST_MYSQL_BIN to a directory with `mysqld`;
- set ASEQ_TEST_MYSQL_DSN to the URL of a MySQL that may get a new database."""

_FILES = ("--secure-file-priv=NULL",)
# For speed alone: nothing has to survive a loss of power. All else is as MySQL has it.
_FAST = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=OFF",
    "--innodb-redo-log-capacity=64M",
    "--innodb-buffer-pool-size=64M",
    "--skip-log-bin",
)
_SERVER = (
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--max-connections=300",
    "--mysqlx=OFF",
    "--tls-version=",  # none: tests look at what passes
)


# Without names, who comes over TCP isn't from "localhost".
_START = """\
CREATE USER IF NOT EXISTS root@'127.0.0.1';
GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;
"""


class MysqlUnavailable(RuntimeError):
    """MySQL is missing or can't be run; the message gives advice."""


@functools.cache
def is_asked_for() -> bool:
    """Whether tests are to run on MySQL: a server, or its programs, are named."""
    dsn = os.environ.get("ASEQ_TEST_MYSQL_DSN")
    return "ASEQ_TEST_MYSQL_BIN" in os.environ or bool(dsn and not is_mariadb(dsn))


@contextlib.contextmanager
def mysql_dsn(**settings: str | float) -> Iterator[str]:
    """Yield the URL of an empty database, which is gone afterwards.

    It is on the server that the environment variable ASEQ_TEST_MYSQL_DSN names, if that is a
    MySQL, which keeps its own settings, or else on a ``mysql_server(**settings)``.

    Raises:
        MysqlUnavailable: there is none.
    """
    dsn = os.environ.get("ASEQ_TEST_MYSQL_DSN")
    if dsn and not is_mariadb(dsn):
        with database_on(dsn) as url:
            yield url
        return
    with mysql_server(**settings) as url:
        yield url


@contextlib.contextmanager
def mysql_server(folder: Path | None = None, /, **settings: str | float) -> Iterator[str]:
    """Run a new server on the loopback interface, and remove it afterwards.

    Blocks for about three seconds. It ends as `devtools.mariadb.mariadb_server` does.

    Args:
        folder: where its data are; by default in memory, if there is room.
        settings: as for ``mysqld --name=value``; where it listens can't be set.

    Yields:
        the URL of an empty database; its user has all rights, and no password.

    Raises:
        MysqlUnavailable: MySQL is missing or can't be run.
        RuntimeError: the server didn't start; the message holds its log.
    """
    server = str(_program())
    setup = Setup(
        "mysql",
        prepare=(server, "--no-defaults", "--initialize-insecure", *_FILES, *_FAST),
        serve=(server, "--no-defaults", *_FILES, *_FAST, *_SERVER),
        refusal=lambda log: MysqlUnavailable(f"{_ADVICE}\n{log}"),
        start=_START,
    )
    with running(setup, settings, folder) as url:
        yield url


def _program() -> Path:
    folder = os.environ.get("ASEQ_TEST_MYSQL_BIN")
    found = shutil.which("mysqld", path=folder) if folder else None
    if found is None:
        raise MysqlUnavailable(f"{_ADVICE}\nmysqld isn't there.")
    return Path(found).absolute()
