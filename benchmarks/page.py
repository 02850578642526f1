"""Puts the tables into the page of the documentation, between its two marks."""

from __future__ import annotations

from pathlib import Path

START = "<!-- figures: written by `make bench` -->"
END = "<!-- end of the figures -->"


def put(page: Path, tables: str) -> None:
    """Replace what stands between the marks."""
    text = page.read_text(encoding="utf-8")
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"{page.name} has no place for the figures")
    page.write_text(f"{before}{START}\n\n{tables}\n\n{END}{after}", encoding="utf-8")
