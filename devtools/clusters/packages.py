"""Debian packages, unpacked without installing them: nothing of the system changes.

Knows apt and dpkg. Must not know aseq or pytest.
"""

import subprocess
from pathlib import Path


class PackageUnavailable(RuntimeError):
    """apt knows no such package, or can't fetch it."""


def unpacked(package: str, folder: Path) -> Path:
    """A package's files, below a new folder; it has none of what the package depends on.

    Raises:
        PackageUnavailable: it can't be fetched.
    """
    folder.mkdir()
    try:
        fetched = subprocess.run(
            ["apt-get", "-o", "APT::Sandbox::User=root", "download", package],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        [archive] = folder.glob("*.deb")
    except (OSError, ValueError) as exc:
        raise PackageUnavailable(f"{package} can't be fetched: {exc}") from exc
    if fetched.returncode != 0:
        raise PackageUnavailable(f"{package} can't be fetched: {fetched.stderr}")
    subprocess.run(["dpkg", "-x", archive, folder], check=True)
    archive.unlink()
    return folder
