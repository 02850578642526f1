"""What a caller of an issuer is told who doesn't get his number in time."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from aseq import IssueTimeout
from tests.observer import DEADLINE

SHORT = 0.2


async def told_why(issuer: Any, key: object, why: str) -> IssueTimeout:
    """Ask until the answer is that: what a row waits for is known only after a moment."""
    with anyio.fail_after(DEADLINE):
        while True:
            with pytest.raises(IssueTimeout) as caught:
                await issuer.issue(key, timeout=SHORT)
            if why in str(caught.value):
                return caught.value
