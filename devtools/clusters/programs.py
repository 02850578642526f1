"""Programs of the system's that a cluster needs.

Knows where Debian has them. Must not know aseq or pytest.
"""

import shutil

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class ClusterUnavailable(RuntimeError):
    """Something that a cluster needs is missing; the message has the line that installs it."""


def program(name: str, install: str) -> str:
    """Where a program is.

    Args:
        name: what it is called.
        install: the line that installs it.

    Raises:
        ClusterUnavailable: it is missing.
    """
    found = shutil.which(name, path=PATH)
    if found is None:
        raise ClusterUnavailable(f"{name} is missing: {install}")
    return found
