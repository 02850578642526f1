"""``void``."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from aseq._exit_codes import ExitCode
from aseq.sync import Ledger, Numbering

from .. import output
from ..database import on_database
from ..options import HERE, Bind, Name, Object, Place, series
from ..problems import Problem


def void(
    number: Annotated[str, Parameter(help="The number, as it is printed.")],
    name: Name = None,
    /,
    *,
    reason: Annotated[str, Parameter(help="Why.")],
    by: Annotated[str | None, Parameter(help="Who has it made void.")] = None,
    numbering: Object = None,
    bind: Bind = None,
    ledger: Annotated[str, Parameter(help="The ledger's table.")] = "aseq_ledger",
    place: Place = HERE,
) -> ExitCode:
    """Make a number void in the ledger. It stays there, with the reason.

    This can't be taken back, and nothing else in the ledger can be changed. Saying it again
    with the same reason does no harm.

    For example:

        aseq void 42 invoices --reason "customer withdrew" --by alice
        aseq void INV-42 -n shop.numbers:invoices -b tenant=7 --reason "sent twice"
    """
    what = series(name, numbering, bind, place.table).what
    meant: Any = number if isinstance(what, Numbering) else _integer(number)
    book = Ledger(ledger)
    done = on_database(
        place.target,
        lambda on: book.void(on.on, meant, reason=reason, by=by, of=what),
        writes=True,
        verb="void",
    )
    output.line(f"{number}: {'void' if done else 'was void already'}")
    return ExitCode.OK


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Problem("NUMBER must be an integer: say --numbering for a text") from None
