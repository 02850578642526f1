"""Options that several verbs take, and what they stand for."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence as Values
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from cyclopts import Parameter

from aseq._arguments import named_object, pairs
from aseq._core.spec import DEFAULT_TABLE, SequenceSpec
from aseq.numbering._spec import NumberingSpec
from aseq.sync import Numbering, Sequence

from .problems import Problem
from .url import VARIABLE, Target, target

WAIT = 10.0
"""Seconds to wait for others, unless told otherwise."""

_EITHER = (
    "name either a sequence or, with --numbering, an object of your code (`aseq list` shows "
    "the sequences)"
)

Json: TypeAlias = Annotated[
    bool, Parameter(name="--json", negative="", show_default=False, help="Prints JSON.")
]
Yes: TypeAlias = Annotated[
    bool,
    Parameter(
        name=["--yes", "-y"], negative="", show_default=False, help="Does it without asking."
    ),
]
Name: TypeAlias = Annotated[
    str | None, Parameter(help="The sequence, by its name: `aseq list` shows all.")
]
Object: TypeAlias = Annotated[
    str | None,
    Parameter(
        name=["--numbering", "-n"],
        help="Or a Numbering or a sequence of your code, as module:object. It is looked for "
        "in the current folder, too.",
    ),
]
Bind: TypeAlias = Annotated[
    list[str] | None,
    Parameter(
        name=["--bind", "-b"],
        negative="",
        help="scope=value: the value of a scope of the Numbering. Can be repeated.",
    ),
]
Timeout: TypeAlias = Annotated[
    float, Parameter(help="How many seconds to wait at most for others who draw.")
]


@Parameter(name="*")
@dataclass(frozen=True)
class Where:
    """Which database.

    Attributes:
        dsn: its URL.
    """

    dsn: Annotated[
        str | None,
        Parameter(
            show_default=False,
            help=f"The URL of the database. By default, that in the variable {VARIABLE}.",
        ),
    ] = None

    @property
    def target(self) -> Target:
        """The database that is meant."""
        return target(self.dsn)


@Parameter(name="*")
@dataclass(frozen=True)
class Place(Where):
    """Which database, and which table of sequences.

    Attributes:
        table: the table.
    """

    table: Annotated[str, Parameter(help="The table of sequences: table or schema.table.")] = (
        DEFAULT_TABLE
    )


HERE = Place()
"""By default, what the environment names."""


@dataclass(frozen=True)
class Series:
    """What was named: a sequence, or a numbering.

    Attributes:
        what: it, for sync code.
    """

    what: Sequence | Numbering

    @property
    def sequence(self) -> Sequence:
        """The sequence that would be drawn from now."""
        if not isinstance(self.what, Numbering):
            return self.what
        missing = [name for name in self.what.scopes if name not in self.what.bound]
        if missing:
            options = " ".join(f"--bind {name}=..." for name in missing)
            raise Problem(f"{', '.join(missing)} is missing: say {options}")
        return self.what.sequence()


def series(name: str | None, path: str | None, bound: Values[str] | None, table: str) -> Series:
    """The sequence of a name, or the object of the application.

    Args:
        name: of a sequence.
        path: or ``module:object``.
        bound: the values of its scopes, as ``scope=value``.
        table: of the sequence that only has a name.

    Raises:
        Problem: both were named, or none; or the object is neither.
        InvalidSequence: it can't be as it was told.
    """
    scope = pairs("--bind", "scope=value", bound or ())
    if (name is None) == (path is None):
        raise Problem(_EITHER)
    if path is None:
        if scope:
            raise Problem("--bind is for a Numbering: say --numbering module:object")
        return Series(Sequence(str(name), table=table))
    found = loaded(path)
    if isinstance(found, NumberingSpec):
        return Series(Numbering.of(found).bind(**scope))
    if not isinstance(found, SequenceSpec):
        raise Problem(
            f"{path} is neither a Numbering nor a sequence, but of the class "
            f"{type(found).__qualname__}"
        )
    if scope:
        raise Problem(f"--bind is for a Numbering, and {path} is a sequence")
    return Series(Sequence.of(found))


def loaded(path: str) -> object:
    """An object of the application, which may be in the current folder."""
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    return named_object(path)
