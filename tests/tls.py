"""One TLS context for all of PyMySQL's connections that ask for nothing special.

It makes one for each, and for that reads the machine's certificates: 30 to 90 ms, more than
most tests take.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pymysql.connections import Connection


def share_context() -> None:
    """Make it once, in this process."""
    make: Any = Connection._create_ssl_ctx
    made = cache(lambda: make(None, {}))  # it doesn't look at the connection

    def create(self: Any, options: Any) -> Any:
        return make(self, options) if options else made()

    Connection._create_ssl_ctx = create
