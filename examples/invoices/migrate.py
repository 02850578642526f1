"""``python -m examples.invoices.migrate``: creates the tables, or changes them."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from .settings import Settings


def upgrade(settings: Settings) -> None:
    """As ``alembic upgrade head`` does, from anywhere."""
    config = Config(Path(__file__).with_name("alembic.ini"))
    config.attributes["settings"] = settings
    command.upgrade(config, "head")


if __name__ == "__main__":
    upgrade(Settings.from_environment())
