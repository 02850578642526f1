"""``manage.py aseq show``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from aseq.django.sync import get_last_value

from .base import Verb


class Show(Verb):
    """Prints one number."""

    name = "show"
    help = "Prints the last value of a sequence."

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Define the name."""
        parser.add_argument("name")

    def run(self, *, using: str, name: str, **options: Any) -> None:
        """Print it."""
        last = get_last_value(name, using=using)
        if last is None:
            raise CommandError(f"no number was drawn from {name!r} in database {using!r}")
        self.stdout.write(str(last))
