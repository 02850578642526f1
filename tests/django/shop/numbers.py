"""The numberings of the shop."""

from __future__ import annotations

from aseq.django import Numbering

drafts = Numbering("shop-drafts", "{tenant}-{year}-{number}", period="year", tz="Europe/Paris")
no_numbering = "drafts"
