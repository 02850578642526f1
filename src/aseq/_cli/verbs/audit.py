"""``audit``: for a terminal, and for a scheduler."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter

from aseq._arguments import pairs
from aseq._exit_codes import ExitCode
from aseq.audit import Audit
from aseq.audit._listed import head, listed
from aseq.sync import Ledger
from aseq.sync import audit as audit_on

from .. import output
from ..database import on_database
from ..options import HERE, Bind, Json, Name, Object, Place, series
from ..progress import Meter

_TEXTS = (
    "aseq: a sequence gives numbers, and the column has texts: with --numbering module:object, "
    "they are read as document numbers"
)


def audit(
    column: Annotated[str, Parameter(help="Has the numbers: table.column.")],
    name: Name = None,
    /,
    *,
    numbering: Object = None,
    bind: Bind = None,
    also: Annotated[
        list[str] | None,
        Parameter(
            name=["--also", "-a"],
            negative="",
            help="Another column that shares the series. Can be repeated.",
        ),
    ] = None,
    scope: Annotated[
        list[str] | None,
        Parameter(
            name=["--scope", "-s"],
            negative="",
            help="scope=table.column: has a scope that isn't printed. Can be repeated.",
        ),
    ] = None,
    void: Annotated[
        str | None, Parameter(help="The column that says why a number is void.")
    ] = None,
    ledger: Annotated[
        str | None,
        Parameter(help="The ledger's table: what is void in it isn't missing."),
    ] = None,
    date: Annotated[
        str | None, Parameter(help="The column whose dates must not run against the numbers.")
    ] = None,
    where: Annotated[str | None, Parameter(help="Which rows count, in SQL.")] = None,
    first: Annotated[
        int | None,
        Parameter(
            allow_leading_hyphen=True,
            help="The number that the rows of each series begin with.",
        ),
    ] = None,
    limit: Annotated[int, Parameter(help="How many findings of each kind are listed.")] = 1000,
    place: Place = HERE,
    json: Json = False,
) -> ExitCode:
    """Look for numbers that are missing, repeated, out of order or don't belong there.

    It compares the rows with the sequence that gave their numbers, takes no lock, changes
    nothing, and is right while others draw. What it finds is listed, one finding a line;
    numbers that are void are listed with their reason, and are no finding.

    It exits with 1 if it found something, and with nothing else: 0 is "nothing is missing",
    2 a slip in the arguments, 3 a database that can't be asked.

    For example:

        aseq audit invoice.number invoices
        aseq audit invoice.number invoices --void invoice.void_reason
        aseq audit invoice.number invoices --date invoice.issued
        aseq audit bill.number -n shop.numbers:bills -s tenant=bill.tenant_id
        aseq audit invoice.number invoices -a credit_note.number --json > out.json
    """
    what = series(name, numbering, bind, place.table).what
    columns = [column, *(also or ())]
    options: dict[str, Any] = {
        "scope": pairs("--scope", "scope=table.column", scope or ()) or None,
        "void": void,
        "ledger": None if ledger is None else Ledger(ledger),
        "date": date,
        "where": where,
        "first": first,
        "limit": limit,
    }
    with Meter() as meter:

        def work(on: Any) -> Audit:
            source = columns if len(columns) > 1 else column
            return audit_on(on.on, source, what, progress=meter.tell, **options)

        found = on_database(place.target, work, verb="audit")
    if json:
        output.line(found.to_json(indent=2))
    else:
        _print(found, place)
    if numbering is None and any(series.unreadable for series in found.series):
        output.note(_TEXTS)
    return ExitCode.OK if found.ok else ExitCode.FINDINGS


def _print(found: Audit, place: Place) -> None:
    if not sys.stdout.isatty():
        for line in (*head(found), *map(str, listed(found))):
            output.line(line)
        return
    for line in head(found):
        output.line(line)
    lines: Sequence[Any] = list(listed(found))
    if lines:
        output.line("")
        cells = [(each.series, each.kind, each.what) for each in lines]
        output.rows(("series", "finding", "what"), cells, str)
