"""Left out where the libraries aren't installed: `make test-layers` installs them."""

from __future__ import annotations

from importlib.util import find_spec

NEEDED = ("advanced_alchemy", "edgy", "ormar", "saffier")

collect_ignore_glob = [] if all(map(find_spec, NEEDED)) else ["test_*.py"]
