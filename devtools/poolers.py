"""Run the tests in `tests/pooler` behind each pooler that can be had: ``make test-poolers``.

The PgBouncer that is installed, the newest one of Debian's, which is unpacked beside the
system, and Pgpool-II. Knows where they come from, and how pytest is called.
"""

import os
import subprocess
import sys

from devtools.debian import DebianUnavailable, unpacked, wrap


def main(arguments: list[str]) -> int:
    """Run all; gives the exit code of the first that failed."""
    for name, settings in _poolers():
        print(f"\n== {name}", flush=True)
        command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "tests/pooler", *arguments]
        code = subprocess.run(command, env=os.environ | {"CI": "1"} | settings).returncode
        if code != 0:
            return code
    return 0


def _poolers() -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = [("the PgBouncer that is installed", {})]
    try:
        root = unpacked("sid", "pgbouncer")
    except DebianUnavailable as exc:
        print(f"left out: {exc}")
    else:
        newest = wrap(root, "usr/sbin/pgbouncer", name="pgbouncer")
        found.append(("the newest PgBouncer", {"ASEQ_TEST_PGBOUNCER": str(newest)}))
    return [*found, ("Pgpool-II", {"ASEQ_TEST_POOLER": "pgpool"})]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
