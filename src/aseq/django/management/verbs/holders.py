"""``manage.py aseq holders``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from aseq._exit_codes import ExitCode
from aseq._holders import Holder
from aseq.django import conf
from aseq.django.connection import DjangoConnection
from aseq.django.models import Sequence as SequenceModel
from aseq.django.sync import get_last_value
from aseq.sync._holders import holders_of, specs_of_name

from .base import Verb


class Holders(Verb):
    """Prints a line for each connection that holds a sequence, or waits for it."""

    name = "holders"
    help = "Tells who holds sequences, and who waits for them."

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Define the names."""
        parser.add_argument("names", nargs="*", metavar="name", help="By default, all.")

    def run(self, *, using: str, names: list[str], **options: Any) -> ExitCode | None:
        """Print them."""
        get_last_value(using=using)  # says what to do if there is no table
        if not names:
            rows = SequenceModel.objects.using(using).order_by("name")
            names = list(rows.values_list("name", flat=True))
        for each in found(names, using):
            self.stdout.write(str(each))
        return None


def found(names: list[str], using: str) -> list[Holder]:
    """Who holds sequences of these names, or waits for them, each once."""
    specs = [conf.adapt(spec) for name in names for spec in specs_of_name(name)]
    return holders_of(specs, DjangoConnection(using))
