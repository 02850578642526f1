"""``manage.py aseq number-rows``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction

from aseq._arguments import pairs
from aseq._exit_codes import ExitCode
from aseq._sequence import AsyncSequence
from aseq.django.connection import DjangoConnection
from aseq.django.sync import Ledger
from aseq.django.take_over import field_of
from aseq.issuing._number_rows import number_rows_sync
from aseq.issuing._result import NumberedRows

from .arguments import found_numbering
from .base import Verb


class NumberRows(Verb):
    """Numbers all rows whose field is NULL, some thousand in each transaction.

    Exits with `ExitCode.LOCKED` if there are rows that others have locked.
    """

    name = "number-rows"
    help = "Gives a number to each row that has none, some thousand at a time."

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Define the field, where its numbers come from, and in which order."""
        add = parser.add_argument
        add("field", metavar="app.Model.field", help="Gets the numbers. It must allow NULL.")
        add("name", nargs="?", help="The sequence that gives them.")
        add("--numbering", "-n", metavar="module:object", help="Or a Numbering.")
        several: dict[str, Any] = {"action": "append", "default": []}
        text = "The field that tells a scope. Can be repeated."
        add("--scope", "-s", metavar="scope=field", help=text, **several)
        text = "The value of a scope, the same for all rows. Can be repeated."
        add("--bind", "-b", metavar="scope=value", help=text, **several)
        add("--at-from", metavar="field", help="The field that tells the date.")
        text = 'In whose order; "--order-by=-field" for downwards. Can be repeated.'
        add("--order-by", metavar="field", help=text, **several)
        add("--where", help="Which rows count, as a condition in SQL.")
        add("--ledger", metavar="table", help="A ledger that gets a row for each number.")
        add("--by", help="Who numbers them, for the ledger.")
        text = "How many rows one transaction numbers. By default %(default)s."
        add("--limit", type=int, default=5000, help=text)

    def run(
        self, *, using: str, field: str, name: str | None, numbering: str | None, **options: Any
    ) -> ExitCode | None:
        """Number them."""
        if (name is None) == (numbering is None):
            raise CommandError("name either a sequence or, with --numbering, a Numbering")
        model, number = field_of(field)
        if not number.null:
            raise CommandError(f"{field} doesn't allow NULL, so no row is without a number")
        scope = pairs("--scope", "scope=field", options["scope"])
        what: Any = AsyncSequence(str(name))
        if numbering is not None:
            bound = pairs("--bind", "scope=value", options["bind"])
            what = found_numbering(numbering).bind(**bound)
        call = {
            "order_by": [(model, each) for each in options["order_by"]],
            "scope": {each: (model, other) for each, other in scope.items()},
            "at_from": options["at_from"] and (model, options["at_from"]),
            "where": options["where"],
            "limit": options["limit"],
            "ledger": options["ledger"] and Ledger(options["ledger"]),
            "by": options["by"],
        }
        count = 0
        while True:
            with transaction.atomic(using=using):
                done = number_rows_sync(DjangoConnection(using), what, number, **call)
            if not done.count:
                return self._end(count, done.skipped)
            count += done.count
            self._tell(done, count)

    def _tell(self, done: NumberedRows, count: int) -> None:
        for name, rows in done.by_counter.items():
            self.stdout.write(f"{name}: {rows.count:,} rows, {rows.first} to {rows.last}")
        self.stderr.write(f"{count:,} so far")

    def _end(self, count: int, skipped: int) -> ExitCode | None:
        self.stdout.write(f"{count:,} rows were numbered.")
        if not skipped:
            return None
        self.stderr.write(f"{skipped:,} more are locked by others: run it again for these.")
        return ExitCode.LOCKED
