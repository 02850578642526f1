"""``manage.py aseq take-over``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from aseq._arguments import pairs
from aseq._exit_codes import ExitCode
from aseq._printed import unread as told
from aseq.django import take_over

from .arguments import found_numbering
from .base import Verb


class TakeOver(Verb):
    """Moves sequences behind the numbers that a model's field has.

    Of integers it is one sequence; of a numbering's texts one for each scope and period.
    Exits with `ExitCode.FINDINGS` if there are texts that it can't read.
    """

    name = "take-over"
    help = "Goes on after the greatest number saved."

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Define the field, and the sequence or the numbering."""
        parser.add_argument("field", metavar="app.Model.field", help="Has the numbers.")
        parser.add_argument("name", nargs="?", help="The sequence that gives the next ones.")
        parser.add_argument(
            *("--numbering", "-n"), metavar="module:object", help="Or a Numbering."
        )
        parser.add_argument(
            *("--scope", "-s"),
            action="append",
            default=[],
            metavar="scope=field",
            help="The field that tells a scope which isn't printed. Can be repeated.",
        )
        parser.add_argument(
            *("--bind", "-b"),
            action="append",
            default=[],
            metavar="scope=value",
            help="The value of such a scope, the same for all rows. Can be repeated.",
        )

    def run(
        self,
        *,
        using: str,
        field: str,
        name: str | None,
        numbering: str | None,
        scope: list[str],
        bind: list[str],
        **options: Any,
    ) -> ExitCode | None:
        """Move them."""
        if (name is None) == (numbering is None):
            raise CommandError("name either a sequence or, with --numbering, a Numbering")
        if name is not None:
            self.tell(name, *take_over.from_field(field, name, using=using))
            return None
        moves, unread = take_over.from_texts(
            field,
            found_numbering(str(numbering)),
            fields=pairs("--scope", "scope=field", scope),
            values=pairs("--bind", "scope=value", bind),
            using=using,
        )
        for counter, (before, after) in moves.items():
            self.tell(counter, before, after)
        for line in told(unread):
            self.stderr.write(line)
        return ExitCode.FINDINGS if unread else None
