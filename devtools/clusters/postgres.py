"""A PostgreSQL primary and its standby, which can be killed, cut off, promoted and replaced.

Knows how PostgreSQL replicates. Must not know aseq or pytest.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any

import psycopg

from devtools.children import keeper
from devtools.postgres import PostgresServer, postgres_server, postgres_standby

_PATIENCE = 60.0


class Pair:
    """A primary and a standby.

    Attributes:
        primary: the server that can be written to.
        standby: the other one, if it is there.
    """

    def __init__(
        self,
        servers: contextlib.ExitStack,
        keeper: Executor,
        *,
        synchronous: bool,
        **settings: Any,
    ) -> None:
        self._servers, self._keeper = servers, keeper
        self._synchronous, self._settings = synchronous, settings
        self.primary: PostgresServer = servers.enter_context(postgres_server(**settings))
        self.standby: PostgresServer | None = None
        self.join()

    def join(self) -> None:
        """Give the primary a new standby; from now on it waits for that one, if it is to."""
        standby = postgres_standby(self.primary, **self._settings)
        # Whoever calls may do so in a thread that ends, and its children with it.
        self.standby = self._keeper.submit(self._servers.enter_context, standby).result()
        if self._synchronous:
            self._set(self.primary, "synchronous_standby_names = '*'")
        state = "sync" if self._synchronous else "async"
        self.wait(self.primary, f"SELECT sync_state = '{state}' FROM pg_stat_replication")

    def fail_over(self) -> PostgresServer:
        """``kill -9`` the primary, and promote the standby; gives what was killed."""
        assert self.standby is not None
        killed, self.primary, self.standby = self.primary, self.standby, None
        os.kill(killed.pid, signal.SIGKILL)
        with psycopg.connect(self.primary.dsn, autocommit=True) as admin:
            admin.execute("SELECT pg_promote()")
        self.wait(self.primary, "SELECT NOT pg_is_in_recovery()")
        return killed

    def cut_off(self) -> None:
        """Let the standby hear nothing of the primary."""
        assert self.standby is not None
        self._set(self.standby, "primary_conninfo = ''")
        self.wait(self.primary, "SELECT count(*) = 0 FROM pg_stat_replication")

    def reconnect(self) -> None:
        """End a `cut_off`."""
        assert self.standby is not None
        self._set(self.standby, f"primary_conninfo = '{self.primary.dsn}'")
        self.wait(self.primary, "SELECT count(*) = 1 FROM pg_stat_replication")

    @staticmethod
    def wait(server: PostgresServer, condition: str) -> None:
        """Return when a query's one value is true."""
        end = time.monotonic() + _PATIENCE
        with psycopg.connect(server.dsn, autocommit=True) as admin:
            while admin.execute(condition.encode()).fetchone() != (True,):
                assert time.monotonic() < end, condition
                time.sleep(0.01)

    @staticmethod
    def _set(server: PostgresServer, setting: str) -> None:
        with psycopg.connect(server.dsn, autocommit=True) as admin:
            # The server is being set up: nobody else has to agree to it.
            admin.execute("SET synchronous_commit = local")
            admin.execute(f"ALTER SYSTEM SET {setting}".encode())
            admin.execute("SELECT pg_reload_conf()")


@contextlib.contextmanager
def postgres_pair(*, synchronous: bool = True, **settings: str | float) -> Iterator[Pair]:
    """Run a primary and a standby, and remove all servers afterwards.

    Args:
        synchronous: a COMMIT on the primary waits until the standby has it.
        settings: as for ``postgres -c name=value``, for both.
    """
    with keeper() as thread, contextlib.ExitStack() as servers:
        yield Pair(servers, thread, synchronous=synchronous, **settings)
