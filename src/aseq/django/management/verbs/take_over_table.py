"""``manage.py aseq take-over-table``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from aseq._printed import moved_forward
from aseq.django import take_over

from .base import Verb


class TakeOverTable(Verb):
    """Moves all sequences that another table has."""

    name = "take-over-table"
    help = "Goes on after the sequences of a table."

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Define the table."""
        parser.add_argument("table", help='For example "sequences_sequence".')

    def run(self, *, using: str, table: str, **options: Any) -> None:
        """Move them."""
        moves = take_over.from_table(table, using=using)
        for name, (before, after) in moves.items():
            self.tell(name, before, after)
        self.stderr.write(moved_forward(moves, table))
