"""``manage.py aseq list``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from aseq import _printed
from aseq.django.models import Sequence as SequenceModel
from aseq.django.sync import get_last_value

from .base import Verb


class List(Verb):
    """Prints a line for each sequence."""

    name = "list"
    help = "Shows all sequences with their last values."

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Define --json."""
        parser.add_argument("--json", action="store_true", help="Prints a JSON object.")

    def run(self, *, using: str, json: bool, **options: Any) -> None:
        """Print them."""
        get_last_value(using=using)  # says what to do if there is no table
        rows = SequenceModel.objects.using(using).order_by("name").values_list("name", "last")
        if json:
            self.stdout.write(_printed.as_json(dict(rows)))
            return
        for name, last in rows:
            self.stdout.write(_printed.last(name, last))
