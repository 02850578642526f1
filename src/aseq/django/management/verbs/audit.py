"""``manage.py aseq audit``: for a terminal, and for cron."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.core.management.base import CommandError
from django.db.models import Field, Model

from aseq._arguments import pairs
from aseq._exit_codes import ExitCode
from aseq.audit import Audit as Result
from aseq.audit import Progress
from aseq.audit._listed import head, listed
from aseq.django.audit import audit
from aseq.numbering._spec import NumberingSpec

from .arguments import found_numbering
from .base import Verb


class Audit(Verb):
    """Exits with `ExitCode.FINDINGS` if it found something."""

    name = "audit"
    help = "Looks for numbers that are missing or repeated."

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Define the column, what gives its numbers, and the options of `audit`."""
        path = "app.Model.field"
        parser.add_argument("field", metavar=path, help="Has the numbers.")
        parser.add_argument("series", nargs="?", help="The sequence that gives the numbers.")
        parser.add_argument(
            *("--numbering", "-n"), metavar="module:object", help="Or a Numbering."
        )
        parser.add_argument(
            *("--also", "-a"),
            action="append",
            default=[],
            metavar=path,
            help="Another column that shares the series. Can be repeated.",
        )
        parser.add_argument(
            *("--scope", "-s"),
            action="append",
            default=[],
            metavar="scope=field",
            help="The field that tells a scope which isn't printed. Can be repeated.",
        )
        parser.add_argument("--void", metavar="field", help="Why a number is void.")
        parser.add_argument("--date", metavar="field", help="Must not run against the numbers.")
        parser.add_argument("--where", metavar="SQL", help="Which rows count.")
        parser.add_argument(
            "--first", type=int, help="The number that each series begins with."
        )
        parser.add_argument(
            "--limit", type=int, default=1000, help="How many findings of each kind are listed."
        )
        parser.add_argument("--json", action="store_true", help="Prints a JSON object.")

    def run(
        self,
        *,
        using: str,
        field: str,
        also: list[str],
        series: str | None,
        numbering: str | None,
        scope: list[str],
        void: str | None,
        date: str | None,
        json: bool,
        **options: Any,
    ) -> ExitCode:
        """Audit, and print what was found."""
        paths = [field, *also]
        models = [_model(path) for path in paths]
        result = audit(
            [_field(model, path) for model, path in zip(models, paths, strict=True)],
            _what(series, numbering),
            scope=_scopes(models, scope),
            void=_fields(models, void),
            date=_fields(models, date),
            progress=self._tell if self.stderr.isatty() else None,
            using=using,
            **{name: options[name] for name in ("where", "first", "limit")},
        )
        self.stdout.write(result.to_json(indent=2) if json else self._text(result))
        return ExitCode.OK if result.ok else ExitCode.FINDINGS

    def _text(self, result: Result) -> str:
        """For people as they read; elsewhere one finding per line, and nothing cut off."""
        if self.stdout.isatty():
            return str(result)
        return "\n".join([*head(result), *map(str, listed(result))])

    def _tell(self, progress: Progress) -> None:
        self.stderr.write(str(progress))


def _what(series: str | None, numbering: str | None) -> NumberingSpec | str:
    if (series is None) == (numbering is None):
        raise CommandError("name either a sequence or, with --numbering, a Numbering")
    if numbering is None:
        return str(series)
    return found_numbering(numbering)


def _scopes(models: Sequence[type[Model]], told: list[str]) -> dict[str, object] | None:
    named = pairs("--scope", "scope=field", told)
    return {name: _fields(models, field) for name, field in named.items()} or None


def _fields(models: Sequence[type[Model]], name: str | None) -> list[Field] | None:
    """The fields of a name in those of the models that have one."""
    if name is None:
        return None
    found = [model._meta.get_field(name) for model in models if _has(model, name)]
    if not found:
        labels = " or ".join(model._meta.label for model in models)
        raise CommandError(f"there is no field {name!r} in {labels}")
    return list(dict.fromkeys(found))


def _has(model: type[Model], name: str) -> bool:
    try:
        return model._meta.get_field(name).concrete
    except FieldDoesNotExist:
        return False


def _model(path: str) -> type[Model]:
    try:
        return apps.get_model(path.rpartition(".")[0])
    except (LookupError, ValueError) as exc:
        raise CommandError(f"{path!r} isn't app.Model.field: {exc}") from exc


def _field(model: type[Model], path: str) -> Field:
    [field] = _fields([model], path.rpartition(".")[2]) or []
    return field
