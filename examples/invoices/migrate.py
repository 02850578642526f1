"""``python -m examples.invoices.migrate``: creates the tables, or changes them.

Takes Alembic's commands, too: ``migrate revision --autogenerate -m "Add a column"``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import CommandLine, Config

from .db import make_sync_engine
from .models import Base
from .settings import Settings


def config(settings: Settings) -> Config:
    """What ``alembic.ini`` would say; `migrations/env.py` asks for the rest."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["make_engine"] = lambda: make_sync_engine(settings)
    config.attributes["metadata"] = Base.metadata
    return config


def upgrade(settings: Settings) -> None:
    """To the newest tables."""
    command.upgrade(config(settings), "head")


if __name__ == "__main__":
    alembic = CommandLine(prog="migrate")
    options = alembic.parser.parse_args(sys.argv[1:] or ["upgrade", "head"])
    alembic.run_cmd(config(Settings.from_environment()), options)
