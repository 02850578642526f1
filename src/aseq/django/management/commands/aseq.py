"""``manage.py aseq``: look at sequences, and move them forward."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections, router

from aseq.django import take_over
from aseq.django.models import Sequence as SequenceModel
from aseq.django.sync import get_last_value
from aseq.django.take_over import advance
from aseq.errors import AseqError


class Command(BaseCommand):
    """Results go to stdout, everything else to stderr."""

    help = "Shows gapless sequences, and moves them forward."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define a subcommand per verb; each takes --database."""
        common = ArgumentParser(add_help=False)
        common.add_argument(
            "--database",
            choices=tuple(connections),
            help="The database that has the sequences. By default as the routers say.",
        )
        verbs = parser.add_subparsers(dest="verb", metavar="verb", required=True)

        def verb(name: str, run: Callable[..., None], text: str) -> ArgumentParser:
            added: ArgumentParser = verbs.add_parser(
                name, help=text, description=text, parents=[common]
            )
            added.set_defaults(run=run)
            return added

        rows = verb("list", self.list, "Shows all sequences with their last values.")
        rows.add_argument("--json", action="store_true", help="Prints a JSON object.")
        one = verb("show", self.show, "Prints the last value of a sequence.")
        one.add_argument("name")
        move = verb("advance", self.advance, "Moves a sequence forward, never back.")
        move.add_argument("name")
        move.add_argument("value", type=int, help="Its new last value.")
        table = verb("take-over", self.take_over, "Goes on after the sequences of a table.")
        table.add_argument("table", help='For example "sequences_sequence".')
        field = verb(
            "take-over-field", self.take_over_field, "Goes on after the greatest number saved."
        )
        field.add_argument("field", metavar="app.Model.field", help="Has the numbers.")
        field.add_argument("name", help="The sequence that gives the next ones.")

    def handle(
        self, *args: Any, run: Callable[..., None], database: str | None, **options: Any
    ) -> None:
        """Run the subcommand."""
        try:
            run(using=database or router.db_for_write(SequenceModel), **options)
        except AseqError as exc:
            raise CommandError(str(exc)) from exc

    def list(self, *, using: str, **options: Any) -> None:
        """Print a line per sequence."""
        get_last_value(using=using)  # says what to do if there is no table
        rows = SequenceModel.objects.using(using).order_by("name").values_list("name", "last")
        if options["json"]:
            self.stdout.write(json.dumps(dict(rows), indent=2, ensure_ascii=False))
            return
        for name, last in rows:
            self.stdout.write(f"{last:>19}  {name}")

    def show(self, *, using: str, name: str, **options: Any) -> None:
        """Print one number."""
        last = get_last_value(name, using=using)
        if last is None:
            raise CommandError(f"no number was drawn from {name!r} in database {using!r}")
        self.stdout.write(str(last))

    def advance(self, *, using: str, name: str, value: int, **options: Any) -> None:
        """Move one sequence."""
        self._tell(name, *advance(name, value, using=using))

    def take_over(self, *, using: str, table: str, **options: Any) -> None:
        """Move all sequences that another table has."""
        moves = take_over.from_table(table, using=using)
        for name, (before, after) in moves.items():
            self._tell(name, before, after)
        moved = sum(before != after for before, after in moves.values())
        self.stderr.write(f"{moved} of {len(moves)} sequences of {table} moved forward.")

    def take_over_field(self, *, using: str, field: str, name: str, **options: Any) -> None:
        """Move one sequence to the greatest number that a model's field has."""
        self._tell(name, *take_over.from_field(field, name, using=using))

    def _tell(self, name: str, before: int | None, after: int) -> None:
        if before is None:
            self.stdout.write(f"{name}: {after} (new)")
        elif before == after:
            self.stdout.write(f"{name}: {after} (unchanged)")
        else:
            self.stdout.write(f"{name}: {before} -> {after}")
