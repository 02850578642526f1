"""``manage.py aseq number-rows``."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction
from django.utils.module_loading import import_string

from aseq._exit_codes import ExitCode
from aseq._sequence import AsyncSequence
from aseq.django.connection import DjangoConnection
from aseq.django.take_over import field_of
from aseq.issuing._number_rows import number_rows_sync
from aseq.issuing._result import NumberedRows
from aseq.issuing._target import What
from aseq.numbering._spec import NumberingSpec

from .base import Verb

_CHUNK = 5000


def _pair(text: str) -> tuple[str, str]:
    name, equals, field = text.partition("=")
    if not (name and equals and field):
        raise ArgumentTypeError(f"must be name=field, not {text!r}")
    return name, field


def _series(text: str) -> What:
    """What a text names: with a dot, something of the project's; else a sequence."""
    if "." not in text:
        return AsyncSequence(text)
    try:
        found = import_string(text)
    except ImportError as exc:
        raise CommandError(f"{text} isn't where a Numbering is: {exc}") from exc
    if not isinstance(found, AsyncSequence | NumberingSpec):
        raise CommandError(f"{text} is no Numbering and no AsyncSequence, but {found!r}")
    return found


class NumberRows(Verb):
    """Numbers all rows whose field is NULL, some thousand in each transaction."""

    name = "number-rows"
    help = "Gives a number to each row that has none, some thousand at a time."

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Define the field, where its numbers come from, and in which order."""
        add = parser.add_argument
        add("field", metavar="app.Model.field", help="Gets the numbers. It must allow NULL.")
        add(
            "series",
            help="The sequence that gives them, by its name without a dot; or where your "
            'Numbering (or AsyncSequence) is: "shop.numbers.invoices".',
        )
        add(
            "--order-by",
            action="append",
            metavar="field",
            help='In whose order; "-field" for downwards. May be repeated.',
        )
        add(
            "--scope",
            action="append",
            type=_pair,
            default=[],
            metavar="name=field",
            help="The field that has a scope of the Numbering. May be repeated.",
        )
        add("--at-from", metavar="field", help="The field with the date of each number.")
        add("--where", help="Which rows count, as a condition in SQL.")
        add(
            "--limit",
            type=int,
            default=_CHUNK,
            help="How many rows one transaction numbers. (%(default)s)",
        )

    def run(self, *, using: str, field: str, series: str, **options: Any) -> ExitCode | None:
        """Number them."""
        model, number = field_of(field)
        if not number.null:
            raise CommandError(f"{field} doesn't allow NULL, so no row is without a number")
        call = {
            "order_by": [(model, name) for name in options["order_by"] or ()],
            "scope": {name: (model, column) for name, column in options["scope"]},
            "at_from": options["at_from"] and (model, options["at_from"]),
            "where": options["where"],
            "limit": options["limit"],
        }
        what, count = _series(series), 0
        while True:
            with transaction.atomic(using=using):
                done = number_rows_sync(DjangoConnection(using), what, number, **call)
            if not done.count:
                break
            count += done.count
            self._tell(done, count)
        self.stdout.write(f"{count} rows were numbered.")
        if done.skipped:
            self.stderr.write(
                f"{done.skipped} more are locked by others: repeat the command for these."
            )
            return ExitCode.LOCKED
        return None

    def _tell(self, done: NumberedRows, count: int) -> None:
        for name, rows in done.by_counter.items():
            self.stdout.write(f"{name}: {rows.count} rows, {rows.first} to {rows.last}")
        self.stderr.write(f"{count} so far ...")
