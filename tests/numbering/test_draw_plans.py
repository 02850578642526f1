"""The draw of a document number, driven by hand: which period is asked for, how often."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import ClassVar

import pytest

from aseq import InvalidSequence, SequenceCorrupted, UnsteadyClock
from aseq._core.dialects import POSTGRESQL, SQLITE
from aseq._core.scripts import Plan
from aseq._core.statement import Bind, Paramstyle, Row, Statement
from aseq._core.timed import TRIES
from aseq.adapters.base import Executor
from aseq.numbering import DocumentNumber, Numbering
from aseq.numbering._plans import draw_at, draw_now
from tests.core.playing import play
from tests.numbering.midnight import clock_off

PARIS = Numbering("n", "{year}-{number}", scope=["t"], period="year", tz="Europe/Paris")
SCOPE = PARIS.scope_of({"t": 7})
NEW_YEAR = dt.datetime(2026, 12, 31, 23, tzinfo=dt.UTC)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
US = dt.timedelta(microseconds=1)


def us(moment: dt.datetime) -> int:
    return (moment - EPOCH) // US


def answer(last: int | None, clock: dt.datetime) -> list[Row]:
    return [(last, 99, us(clock))]


def drawing(guess: dt.datetime, learnt: list[dt.datetime]) -> Plan[list[DocumentNumber]]:
    return draw_now(PARIS, POSTGRESQL, SCOPE, 1, guess, learnt.append)


def asked(statement: Statement) -> tuple[Bind, ...]:
    binds = statement.binds
    return binds["name"], binds["queue"], binds["since"], binds["latest"]


def test_the_period_is_asked_for_with_its_ends() -> None:
    learnt: list[dt.datetime] = []
    said, [issued] = play(drawing(NEW_YEAR - US, learnt), answer(41, NEW_YEAR - US))

    last_year = NEW_YEAR.replace(year=2025)
    assert [asked(each) for each in said] == [
        ("n/t=7/2026", "n/t=7", us(last_year), us(NEW_YEAR) - 1)
    ]
    assert (issued.text, issued.at, issued.period) == ("2026-41", NEW_YEAR - US, "2026")
    assert learnt == []


def test_at_the_turn_it_is_asked_for_once_more() -> None:
    learnt: list[dt.datetime] = []
    later = NEW_YEAR + 1000 * US
    said, [issued] = play(
        drawing(NEW_YEAR - US, learnt), answer(None, NEW_YEAR), answer(1, later)
    )

    assert [asked(each)[:2] for each in said] == [
        ("n/t=7/2026", "n/t=7"),
        ("n/t=7/2027", "n/t=7"),
    ]
    assert (issued.text, issued.at, issued.date) == ("2027-1", later, dt.date(2027, 1, 1))
    assert learnt == [NEW_YEAR]


def test_a_moment_is_never_outside_of_its_period() -> None:
    """The clock goes on between the look at it and the reading of it."""
    _, [issued] = play(drawing(NEW_YEAR - US, []), answer(41, NEW_YEAR + 3 * US))

    assert issued.at == NEW_YEAR - US
    assert issued.date == dt.date(2026, 12, 31)


def test_a_clock_that_runs_to_and_fro() -> None:
    clocks = [NEW_YEAR, NEW_YEAR - US, NEW_YEAR]
    said: list[Statement] = []
    with pytest.raises(UnsteadyClock) as caught:
        play(drawing(NEW_YEAR - US, []), *(answer(None, c) for c in clocks), said=said)

    assert len(said) == TRIES == 3
    assert (caught.value.sequence, caught.value.tries) == ("n/t=7/2026", 3)
    assert str(caught.value) == (
        "no number was drawn from sequence 'n/t=7/2026': at each of 3 tries, the database's "
        "clock was outside the period. Set its clock right, or say at=..., and try again"
    )


def test_a_row_that_does_not_change_is_no_matter_of_the_clock() -> None:
    """A trigger, say. The last value is read, to know that the sequence isn't at its end."""
    still: list[Sequence[Row]] = [answer(None, NEW_YEAR), [(41,)]]
    with pytest.raises(SequenceCorrupted) as caught:
        play(drawing(NEW_YEAR, []), *(still * TRIES))

    assert caught.value.problem == "3 draws changed nothing"


def test_sqlites_clock_is_asked_when_nothing_was_drawn() -> None:
    plan = draw_now(PARIS, SQLITE, SCOPE, 2, NEW_YEAR - US, list[dt.datetime]().append)
    said, issued = play(plan, [], [(us(NEW_YEAR),)], [(2, us(NEW_YEAR))])

    assert [number.text for number in issued] == ["2027-1", "2027-2"]
    assert len(said) == 3


def test_with_at_the_caller_decides() -> None:
    said, issued = play(draw_at(PARIS, POSTGRESQL, SCOPE, 2, NEW_YEAR), [(42, 99)])

    assert [(each.binds["name"], each.binds["queue"]) for each in said] == [
        ("n/t=7/2027", "n/t=7")
    ]
    assert "since" not in said[0].binds
    assert [(number.text, number.at) for number in issued] == [
        ("2027-41", NEW_YEAR),
        ("2027-42", NEW_YEAR),
    ]


class Server(Executor):
    """Draws number 1 if its clock says so, and counts how often it is asked."""

    dialect = POSTGRESQL
    paramstyle: Paramstyle = "numeric_dollar"
    driver_errors: ClassVar = (LookupError,)

    def __init__(self, ahead: dt.timedelta = dt.timedelta(0)) -> None:
        self.ahead, self.asked, self.aborted = ahead, 0, 0

    def outside_transaction(self) -> str | None:
        return None

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        self.asked += 1
        clock = us(dt.datetime.now(dt.UTC) + self.ahead)
        since, latest = (int(args[place]) for place in (3, 4))
        return [(1 if since <= clock <= latest else None, 99, clock)]

    async def abort(self) -> bool:
        self.aborted += 1
        return True

    def terminate(self) -> None:
        raise AssertionError("it answers")


async def test_a_clock_that_is_wrong_costs_one_statement_more_only_once() -> None:
    daily = Numbering("n", "{year}{month}{day}-{number}", period="day", tz="UTC")
    server = Server(ahead=dt.timedelta(days=3, hours=1))
    asked = []
    with clock_off(dt.timedelta(0)):
        for _ in range(4):
            issued = await daily.next(server)
            asked.append(server.asked)

    assert asked == [2, 3, 4, 5]
    assert abs(issued.at - dt.datetime.now(dt.UTC) - server.ahead) < dt.timedelta(minutes=1)


async def test_a_number_that_cannot_be_printed_is_not_lost() -> None:
    """A check digit fails after the draw: nobody may commit that."""
    server = Server()

    def fails(digits: str) -> str:
        if server.asked:
            raise RuntimeError("out of digits")
        return "7"

    numbers = Numbering("n", "{number}", check=fails)
    with pytest.raises(InvalidSequence) as caught:
        await numbers.next(server)

    assert str(caught.value) == "check fails for '1': RuntimeError('out of digits')"
    assert server.aborted == 1
    assert "made unusable" in caught.value.__notes__[0]
