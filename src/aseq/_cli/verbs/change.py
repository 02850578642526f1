"""``create``, ``next`` and ``advance-to``: each in one transaction."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from aseq import _printed
from aseq._exit_codes import ExitCode
from aseq.errors import SequenceTableMissing
from aseq.numbering import DocumentNumber
from aseq.sync import Ledger, Numbering, Sequence, create_table

from .. import output
from ..database import Database, on_database
from ..move import Move, move
from ..options import HERE, WAIT, Bind, Json, Name, Object, Place, Series, Timeout, Yes, series
from ..problems import Problem

_NEEDS_YES = (
    "this draws a number for good, and nobody is there to be asked: say --yes if it is meant"
)


def create(
    *,
    ledger: Annotated[
        str | None, Parameter(help="Create a ledger's table of this name instead.")
    ] = None,
    place: Place = HERE,
) -> ExitCode:
    """Create the table of sequences, if it isn't there.

    A project with migrations creates it there instead: see `aseq ddl`.

    For example:

        aseq create
        aseq create --table accounting.sequences
        aseq create --ledger aseq_ledger
    """
    if ledger is not None:
        book = Ledger(ledger)
        on_database(
            place.target,
            lambda on: book.create_table(on.on),
            writes=True,
            create=True,
            verb="create",
        )
        output.line(f"{ledger}: is there")
        return ExitCode.OK
    target = place.target
    probe = Sequence("x", table=place.table)
    try:
        on_database(target, lambda on: probe.last_value(on.on), create=True, verb="create")
        output.line(f"{place.table}: is there")
    except SequenceTableMissing:
        on_database(
            target, lambda on: create_table(on.on, place.table), writes=True, verb="create"
        )
        output.line(f"{place.table}: created")
    return ExitCode.OK


def next_(
    name: Name = None,
    /,
    *,
    numbering: Object = None,
    bind: Bind = None,
    yes: Yes = False,
    timeout: Timeout = WAIT,
    place: Place = HERE,
    json: Json = False,
) -> ExitCode:
    """Draw the next number, and commit it. Asks first.

    The number is gone then: if no document gets it, it is a hole. So this is for a document
    that is written by hand, and not for scripts, which draw in the transaction that saves
    the document.

    For example:

        aseq next invoices
        aseq next --numbering shop.numbers:invoices --bind tenant=7 --yes
    """
    wanted = series(name, numbering, bind, place.table)
    target = place.target
    if not yes:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise Problem(_NEEDS_YES)
        _ask(*on_database(target, lambda on: (_coming(wanted, on), on.shown), verb="next"))
    drawn = on_database(target, lambda on: _draw(wanted, on, timeout), writes=True, verb="next")
    text = drawn.text if isinstance(drawn, DocumentNumber) else str(drawn)
    try:
        if json:
            output.json(_plain(wanted, drawn))
        else:
            output.line(text)
        sys.stdout.flush()
    except BrokenPipeError:
        output.note(f"aseq: {text} was drawn and committed, but nobody read it")
        raise
    return ExitCode.OK


def _draw(wanted: Series, on: Database, timeout: float) -> DocumentNumber | int:
    limit = on.waiting(timeout)
    if isinstance(wanted.what, Numbering):
        return wanted.what.next(on.on, timeout=limit)
    return wanted.what.next_value(on.on, timeout=limit)


def _coming(wanted: Series, on: Database) -> str:
    if isinstance(wanted.what, Numbering):
        return f"the next number would be {wanted.what.preview(on.on).text}"
    last = wanted.what.last_value(on.on)
    before = "there is none yet" if last is None else f"it is {last}"
    return f"the last number of {wanted.what.name!r}: {before}"


def _ask(coming: str, where: str) -> None:
    sys.stderr.write(f"{where}: {coming}.\nDraw the next one for good? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Problem("nothing was drawn")


def _plain(wanted: Series, drawn: DocumentNumber | int) -> dict[str, object]:
    if not isinstance(drawn, DocumentNumber):
        return {"sequence": wanted.sequence.name, "number": drawn, "text": str(drawn)}
    return {
        "sequence": drawn.sequence.name,
        "number": drawn.number,
        "text": drawn.text,
        "at": drawn.at.isoformat(),
        "date": drawn.date.isoformat() if drawn.tz else None,
    }


def advance_to(
    name_or_value: Annotated[
        str,
        Parameter(name="NAME", allow_leading_hyphen=True, help="The sequence, by its name."),
    ],
    value: Annotated[
        str | None,
        Parameter(name="VALUE", allow_leading_hyphen=True, help="Its new last value."),
    ] = None,
    /,
    *,
    numbering: Object = None,
    bind: Bind = None,
    timeout: Timeout = WAIT,
    place: Place = HERE,
) -> ExitCode:
    """Move a sequence forward, so that the next number comes after VALUE. Never back.

    With --numbering, only the value is given: it is that of the period now. Repeating it
    does no harm.

    For example:

        aseq advance-to invoices 4711
        aseq advance-to 4711 --numbering shop.numbers:invoices --bind tenant=7
    """
    name, text = (name_or_value, value) if value is not None else (None, name_or_value)
    try:
        number = int(text)
    except ValueError:
        raise Problem("VALUE must be an integer") from None
    sequence = series(name, numbering, bind, place.table).sequence

    def work(on: Database) -> Move:
        return move(sequence, on, number, timeout)

    before, after = on_database(place.target, work, writes=True, verb="advance-to")
    output.line(_printed.moved(sequence.name, before, after))
    return ExitCode.OK
