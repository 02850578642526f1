"""The twins in async code of what sync code passes: targets and audits are of those."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from aseq._core.spec import SequenceSpec
from aseq._sequence import AsyncSequence
from aseq.numbering import Numbering as AsyncNumbering
from aseq.numbering._spec import NumberingSpec

from ._numbering import Numbering
from ._sequence import Sequence


def twin(what: object) -> Any:
    """The sequence or numbering of async code; anything else as it is."""
    if isinstance(what, Sequence):
        own = {each.name: getattr(what, each.name) for each in fields(SequenceSpec)}
        return AsyncSequence(**own)
    if isinstance(what, Numbering):
        given = {e.name: getattr(what, e.name) for e in fields(NumberingSpec) if e.init}
        return AsyncNumbering(**given).bind(**what.bound)
    return what
