"""What a verb of ``manage.py aseq`` is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from argparse import ArgumentParser
from typing import Any, ClassVar

from django.core.management.base import OutputWrapper

from aseq._exit_codes import ExitCode
from aseq._printed import moved


class Verb(ABC):
    """A subcommand. Its results go to `stdout`, and all else to `stderr`.

    What it can't do it says with a `CommandError`, which exits with `ExitCode.USAGE` unless
    its ``returncode`` says otherwise. Errors of ours and of the database pass through it:
    the command turns them into a message and a code.

    Attributes:
        name: as it is typed.
        help: what it does, in a sentence.
    """

    name: ClassVar[str]
    help: ClassVar[str]

    def __init__(self, stdout: OutputWrapper, stderr: OutputWrapper) -> None:
        self.stdout, self.stderr = stdout, stderr

    @classmethod
    @abstractmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Define what it takes beside --database."""

    @abstractmethod
    def run(self, *args: Any, **options: Any) -> ExitCode | None:
        """Do it.

        Args:
            *args: nothing; with this, each verb may name what it takes.
            **options: what was typed, and ``using``: the alias of the database that has the
                sequences.

        Returns:
            the code to exit with; None is `ExitCode.OK`.
        """

    def tell(self, name: str, before: int | None, after: int) -> None:
        """Print how far a sequence was moved."""
        self.stdout.write(moved(name, before, after))
