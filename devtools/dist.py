"""``python -m devtools.dist``: tests the wheel in ``dist/``, and says what is in it.

The wheel is installed in an environment of its own, away from the sources. What was
installed with it is written down as an SBOM.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
TESTS = ("tests/core", "tests/test_imports.py", "tests/test_exports.py", "tests/test_errors.py")


def main() -> None:
    """Test, describe, and print the checksums."""
    [wheel] = DIST.glob("*.whl")
    with tempfile.TemporaryDirectory(prefix="aseq-dist-") as folder:
        bare, tested = Path(folder, "bare"), Path(folder, "tested")
        install(bare, str(wheel))
        sbom = DIST / "aseq.cdx.json"
        describe = ("cyclonedx_py", "environment", "--output-file", sbom)
        run(sys.executable, "-m", *describe, bare / "bin" / "python")
        install(tested, str(wheel), "--group", f"{ROOT / 'pyproject.toml'}:test")
        run(
            tested / "bin" / "python",
            "-m",
            "pip",
            "install",
            "--no-deps",
            "--force-reinstall",
            wheel,
        )
        where = "import aseq; print(aseq.__file__)"
        run(tested / "bin" / "python", "-I", "-c", where)
        run(tested / "bin" / "python", "-m", "pytest", "-q", *TESTS)
    for file in sorted(DIST.iterdir()):
        print(hashlib.sha256(file.read_bytes()).hexdigest(), file.name)


def install(environment: Path, *what: str) -> None:
    """A new environment with these."""
    run(sys.executable, "-m", "venv", environment)
    pip = environment / "bin" / "python", "-m", "pip", "install", "--quiet"
    run(*pip, "--upgrade", "pip")  # 25.1 has --group
    run(*pip, *what)


def run(*command: str | Path) -> None:
    """Run it in the repository's root; its failure is ours."""
    subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
