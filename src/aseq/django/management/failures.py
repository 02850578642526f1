"""Errors as the command tells them: a message, and a code to exit with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db import Error, connections

from aseq._exit_codes import ExitCode, code_of
from aseq.django._servers import find_dialect
from aseq.errors import AseqError, SequenceLocked


@contextmanager
def told(using: str) -> Iterator[None]:
    """Let the errors that were foreseen leave the block as a CommandError.

    Args:
        using: the alias of the database that the block works in.
    """
    try:
        yield
    except AseqError as exc:
        raise CommandError(str(exc), returncode=code_of(exc)) from exc
    except ImproperlyConfigured as exc:
        raise CommandError(str(exc), returncode=ExitCode.USAGE) from exc
    except Error as exc:
        text = f"database {using!r}: {str(exc).strip()}"
        raise CommandError(text, returncode=_code_of(exc, using)) from exc


def _code_of(exc: Error, using: str) -> ExitCode:
    try:
        dialect = find_dialect(connections[using])
    except Error:  # it can't be reached, and hasn't said what it is
        return ExitCode.DATABASE
    locked = dialect is not None and dialect.explain(exc, "") is SequenceLocked
    return ExitCode.LOCKED if locked else ExitCode.DATABASE
