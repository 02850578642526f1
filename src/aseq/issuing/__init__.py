"""Numbers late, and by the thousand: for rows that were saved without one."""

from __future__ import annotations

from ._hooks import Issued
from ._issuer import Issuer

__all__ = ("Issued", "Issuer")
