"""Run `tests/pooler` and the contract behind each pooler there is: ``make test-poolers``.

The PgBouncer that is installed, the newest one of Debian's, which is unpacked beside the
system, and Pgpool-II. Knows where they come from, and how pytest is called.
"""

import os
import subprocess
import sys

from devtools.debian import DebianUnavailable, unpacked, wrap

# It counts what goes over the wire, and so has no pooler in between.
_DIRECT = "--ignore=tests/contract/test_round_trips.py"
_EVERYTHING = {"ASEQ_TEST_THROUGH_POOLER": "1"}


def main(arguments: list[str]) -> int:
    """Run all; gives the exit code of the first that failed."""
    first = 0
    for name, settings in _poolers():
        for tests, everything in (("tests/pooler", {}), ("tests/contract", _EVERYTHING)):
            print(f"\n== {tests}, through {name}", flush=True)
            command = [sys.executable, "-m", "pytest", "-q", tests, _DIRECT, *arguments]
            env = os.environ | {"CI": "1"} | settings | everything
            code = subprocess.run(command, env=env).returncode
            first = first or code  # the other poolers are still worth a try
    return first


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
