"""``manage.py aseq advance-to``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from aseq.django.take_over import advance

from .base import Verb


class Advance(Verb):
    """Moves one sequence."""

    name = "advance-to"
    help = "Moves a sequence forward, never back."

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Define the name and the value."""
        parser.add_argument("name")
        parser.add_argument("value", type=int, help="Its new last value.")

    def run(self, *, using: str, name: str, value: int, **options: Any) -> None:
        """Move it."""
        self.tell(name, *advance(name, value, using=using))
