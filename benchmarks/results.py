"""All that one run finds out."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from .calls import Call
from .figures import Figure, Ratio, ratios
from .imports import Import


@dataclass(frozen=True)
class Results:
    """One run.

    Attributes:
        figures: transactions, with many clients and few.
        calls: the CPU time of a draw.
        imports: how long they take.
    """

    figures: Sequence[Figure]
    calls: Sequence[Call]
    imports: Sequence[Import]

    @property
    def ratios(self) -> list[Ratio]:
        """The ratios that have a floor."""
        return ratios(self.figures)

    @property
    def void(self) -> list[str]:
        """The figures that don't count."""
        return [f"{f.peer}, {f.clients} clients" for f in self.figures if f.void]

    def to_json(self) -> str:
        """As they are kept."""
        content = {
            "machine": {"cpus": os.cpu_count(), "python": platform.python_version()},
            "figures": [asdict(figure) for figure in self.figures],
            "ratios": [asdict(ratio) for ratio in self.ratios],
            "calls": [asdict(call) for call in self.calls],
            "imports": [asdict(each) for each in self.imports],
        }
        return json.dumps(content, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Results:
        """As they were kept. What an older run didn't look at isn't there."""
        content = json.loads(text)
        return cls(
            [Figure(**figure) for figure in content["figures"]],
            [Call(**call) for call in content.get("calls", ())],
            [Import(**each) for each in content.get("imports", ())],
        )
