"""``manage.py aseq``: look at sequences, and move them forward. Each verb has its module."""

from __future__ import annotations

import sys
import traceback
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections, router

from aseq._exit_codes import ExitCode
from aseq._printed import BUG
from aseq.django.management.failures import told
from aseq.django.management.verbs import VERBS
from aseq.django.models import Sequence as SequenceModel


class Command(BaseCommand):
    """Results go to stdout, everything else to stderr; `ExitCode` has the codes."""

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
        for verb in VERBS:
            added: ArgumentParser = verbs.add_parser(
                verb.name, help=verb.help, description=verb.help, parents=[common]
            )
            verb.add_arguments(added)

    def handle(self, *args: Any, verb: str, database: str | None, **options: Any) -> None:
        """Run the subcommand."""
        [found] = [each for each in VERBS if each.name == verb]
        using = database or router.db_for_write(SequenceModel)
        with told(using):
            code = found(self.stdout, self.stderr).run(using=using, **options)
        if code:
            sys.exit(code)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """As every command; but what exits with Django's own 1 is the caller's to put right.

        That is a failed system check, for one. 1 is for findings alone.
        """
        try:
            output: str | None = super().execute(*args, **options)
        except CommandError as exc:
            if exc.returncode == ExitCode.FINDINGS:
                exc.returncode = ExitCode.USAGE
            raise
        return output

    def run_from_argv(self, argv: list[str]) -> None:
        """As every command; but what Python would exit from with 1 has a code of its own."""
        try:
            super().run_from_argv(argv)
        except CommandError as exc:  # --traceback was asked for
            traceback.print_exc()
            sys.exit(exc.returncode)
        except Exception:
            traceback.print_exc()
            self.stderr.write(BUG)
            sys.exit(ExitCode.BUG)
