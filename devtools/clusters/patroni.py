"""PostgreSQL under Patroni and etcd: whoever is killed is replaced, and comes back as standby.

Knows what Patroni says. Must not know aseq or pytest.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from devtools.children import keeper
from devtools.clusters.etcd import INSTALL, etcd, until
from devtools.clusters.patroni_member import Member, programs
from devtools.clusters.programs import program


class Cluster:
    """All of them.

    Attributes:
        members: those that are there, and those that were killed.
    """

    def __init__(self, members: list[Member]) -> None:
        self.members = members

    def primary(self) -> Member | None:
        """Who is it, as far as Patroni says."""
        return next((each for each in self.members if each.says("primary")), None)

    def until_primary(self, but: Member | None = None) -> Member:
        """Who is it now; waits until there is one."""
        others = [each for each in self.members if each is not but]
        found: list[Member] = []

        def one_says_so() -> bool:
            found[:] = [each for each in others if each.says("primary")]
            return bool(found)

        until(one_says_so, others[0].log)
        return found[0]

    def until_whole(self) -> None:
        """Return when the primary has a synchronous standby, which may take over."""
        # One that has just been promoted still says that it is the standby, too.
        until(lambda: any(map(_is_standby, self.members)), self.members[0].log)


def _is_standby(member: Member) -> bool:
    return member.says("sync") and not member.says("primary")


@contextlib.contextmanager
def patroni(count: int = 2) -> Iterator[Cluster]:
    """Run a primary with its synchronous standby, and remove all of it afterwards.

    Raises:
        ClusterUnavailable: a program is missing.
    """
    program("patroni", INSTALL)
    programs()
    with (
        tempfile.TemporaryDirectory(prefix="aseq-patroni-", ignore_cleanup_errors=True) as tmp,
        keeper() as thread,
        etcd(Path(tmp)) as port,
        contextlib.ExitStack() as running,
    ):
        cluster = Cluster(
            [Member(Path(tmp), f"n{each}", port, thread) for each in range(count)]
        )
        for member in cluster.members:
            running.callback(member.stop)
            member.start()
            cluster.until_primary()
        cluster.until_whole()
        yield cluster
