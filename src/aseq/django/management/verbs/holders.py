"""``manage.py aseq holders``."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from aseq._core.holders import holders
from aseq._core.spec import SequenceSpec
from aseq._core.subject import Subject, some_names
from aseq._drive_sync import run_on_sync
from aseq._exit_codes import ExitCode
from aseq._holders import Holder, to_holders
from aseq.django import conf
from aseq.django.connection import DjangoConnection
from aseq.django.models import Sequence as SequenceModel
from aseq.django.sync import get_last_value

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
    specs = [conf.adapt(spec) for name in names for spec in _specs(name)]
    if not specs:
        return []
    connection = DjangoConnection(using)
    about = Subject(some_names(names), specs[0].table, False)
    plan = holders(specs, connection.dialect)
    seen = run_on_sync(about, plan, connection, writes=False)
    once = {(each.sequence, each.holds, each.pid): each for each in to_holders(seen)}
    return list(once.values())


def _specs(name: str) -> Iterator[SequenceSpec]:
    """A sequence in its own queue; and that of a numbering, which all its periods share."""
    yield SequenceSpec(name)
    queue, slash, _ = name.rpartition("/")
    if slash and queue:
        yield SequenceSpec(name, queue=queue)
