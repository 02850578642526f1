"""``manage.py aseq take-over-field``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from aseq.django import take_over

from .base import Verb


class TakeOverField(Verb):
    """Moves one sequence to the greatest number that a model's field has."""

    name = "take-over-field"
    help = "Goes on after the greatest number saved."

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Define the field and the sequence."""
        parser.add_argument("field", metavar="app.Model.field", help="Has the numbers.")
        parser.add_argument("name", help="The sequence that gives the next ones.")

    def run(self, *, using: str, field: str, name: str, **options: Any) -> None:
        """Move it."""
        self.tell(name, *take_over.from_field(field, name, using=using))
