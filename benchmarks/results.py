"""All that one run finds out."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

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
        servers: the versions of MariaDB and MySQL.
    """

    figures: Sequence[Figure]
    calls: Sequence[Call]
    imports: Sequence[Import]
    servers: Mapping[str, str] = field(default_factory=dict)

    def updated(self, newer: Results) -> Results:
        """These, with all that a newer run has looked at in its place."""
        charts = {figure.chart for figure in newer.figures}
        kept = (figure for figure in self.figures if figure.chart not in charts)
        return Results(
            [*kept, *newer.figures],
            newer.calls or self.calls,
            newer.imports or self.imports,
            {**self.servers, **newer.servers},
        )

    @property
    def ratios(self) -> list[Ratio]:
        """The ratios between peers."""
        return ratios(self.figures)

    @property
    def void(self) -> list[str]:
        """The figures that don't count."""
        return [f"{f.peer}, {f.clients} clients" for f in self.figures if f.void]

    def to_json(self) -> str:
        """As they are kept."""
        content = {
            "machine": {"cpus": os.cpu_count(), "python": platform.python_version()},
            "servers": dict(self.servers),
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
            content.get("servers", {}),
        )
