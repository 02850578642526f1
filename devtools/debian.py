"""Programs of other Debian suites, unpacked beside the system and never installed.

A package is unpacked with all libraries that it needs, into a folder of the machine's cache,
once; its programs run with the loader that came with them. Knows apt and Debian's layout. Must
not know databases, aseq or pytest.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
_SOURCE = """\
Types: deb
URIs: {mirror}
Suites: {suites}
Components: main
Signed-By: {keys}
"""
# A suite that stands on another one: from the upper one come the named packages alone.
_BELOW = {"experimental": "sid"}
_PINS = """\
Package: {packages}
Pin: release a={suite}
Pin-Priority: 990
"""
_APT = ("etc/apt/sources.list.d", "etc/apt/preferences.d", "etc/apt/apt.conf.d", "var/lib/dpkg")
_APT_LISTS = ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial")
_NOT_NEEDED = ("perl-modules", "libllvm")
_WRAPPER = """\
#!/bin/sh
exec "{loader}"{named} --library-path "{libraries}" "{program}" "$@"{last}
"""


class DebianUnavailable(RuntimeError):
    """The package can't be had here; the message says why, and what else can be done."""


def unpacked(suite: str, *packages: str) -> Path:
    """The folder with the programs of some packages, unpacked at the first call.

    Raises:
        DebianUnavailable: this is no Debian, or its mirror doesn't answer.
    """
    folder = cache() / "debian" / "-".join((suite, *packages))
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="unpacking-", dir=folder.parent) as tmp:
        new = Path(tmp, "root")
        new.mkdir()
        try:
            _unpack(suite, packages, new)
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", None) or error
            wanted = " ".join(packages)
            raise DebianUnavailable(f"{wanted} of Debian {suite}: {said}") from error
        Path(tmp).chmod(0o755)
        try:
            new.rename(folder)
        except OSError:
            if not folder.is_dir():  # else somebody else was quicker
                raise
    return folder


def cache() -> Path:
    """Where what was unpacked is kept: ``ASEQ_TEST_CACHE``, or the user's cache.

    Root's own is closed to those whom its servers run as.
    """
    if named := os.environ.get("ASEQ_TEST_CACHE"):
        return Path(named).absolute()
    if os.geteuid() == 0:
        return Path("/var/cache/aseq-tests")
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "aseq-tests"


def wrap(
    root: Path, program: str, last: str = "", *, name: str = "", named: bool = False
) -> Path:
    """A script that runs a program with its own loader and libraries.

    Args:
        root: where its package is unpacked.
        program: where it is in there.
        last: further arguments, which follow all others.
        name: what the script is called, in the folder ``programs``; by default it takes the
            program's own place, for other programs to find.
        named: tell the program the script's name, or that of a link to it, as its own; for
            those that look for their files from there. Older suites' loaders can't.
    """
    path = root / program
    binary = path.with_name(f"{path.name}.bin")
    if not binary.exists():
        path.rename(binary)
    script = root / "programs" / name if name else path
    script.parent.mkdir(exist_ok=True)
    script.write_text(
        _WRAPPER.format(
            loader=_loader(root),
            libraries=":".join(map(str, _libraries(root))),
            program=binary,
            named=' --argv0 "$0"' if named else "",
            last=last and f" {last}",
        )
    )
    script.chmod(0o755)
    return script


def _libraries(root: Path) -> list[Path]:
    folders = (root / "lib", root / "usr/lib")
    return [found for folder in folders for found in folder.glob("*-linux-gnu*")]


def _loader(root: Path) -> Path:
    folders = ("lib64", "usr/lib64", "lib", "usr/lib")
    found = next(path for each in folders for path in (root / each).glob("ld-linux*.so.*"))
    target = os.readlink(found) if found.is_symlink() else found.name
    # In older suites the link is from the system's root.
    return root / target.lstrip("/") if target.startswith("/") else found


def _unpack(suite: str, packages: tuple[str, ...], into: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="aseq-apt-") as tmp:
        apt = _apt(Path(tmp), suite, packages)
        archives = Path(tmp, "var/cache/apt/archives")
        _run(*apt, "update")
        below = _BELOW.get(suite, suite)
        _run(*apt, "-t", below, "install", "--download-only", "-y", *packages)
        for package in sorted(archives.glob("*.deb")):
            if not package.name.startswith(_NOT_NEEDED):
                _run("dpkg", "-x", str(package), str(into))


def _apt(base: Path, suite: str, packages: tuple[str, ...]) -> tuple[str, ...]:
    """apt-get on a system that has nothing, and the mirror of this one."""
    for folder in (*_APT, *_APT_LISTS):
        (base / folder).mkdir(parents=True)
    (base / "var/lib/dpkg/status").touch()
    suites = {_BELOW.get(suite, suite), suite}
    source = _SOURCE.format(mirror=_mirror(), suites=" ".join(suites), keys=_KEYS)
    (base / "etc/apt/sources.list.d/one.sources").write_text(source)
    pins = _PINS.format(packages=" ".join(packages), suite=suite)
    (base / "etc/apt/preferences.d/named").write_text(pins)
    for setting in Path("/etc/apt/apt.conf.d").glob("*"):
        shutil.copy(setting, base / "etc/apt/apt.conf.d")
    settings = (
        f"Dir={base}",
        f"Dir::State::status={base}/var/lib/dpkg/status",
        "APT::Install-Recommends=0",
        "APT::Sandbox::User=root",
    )
    return ("apt-get", "-q", *(part for each in settings for part in ("-o", each)))


def _mirror() -> str:
    """The mirror that this machine uses."""
    for path in Path("/etc/apt").rglob("*"):
        if path.suffix in (".sources", ".list") and path.is_file():
            found = re.search(r"\bhttps?://\S+/debian(?=/?\s)", path.read_text())
            if found:
                return found[0]
    raise OSError("no mirror of Debian is named in /etc/apt")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
