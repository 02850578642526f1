"""A project with Alembic in a folder of its own, and its database."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from alembic import command
from alembic.config import Config
from sqlalchemy import NullPool, create_engine, make_url, text

Dialect = Literal["mariadb", "postgresql", "sqlite"]

ENV = """
from alembic import context
from sqlalchemy import NullPool, create_engine

import aseq.alembic

url = context.config.attributes["url"]
options = context.config.attributes["options"]
if context.is_offline_mode():
    context.configure(url=url, **options)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()
"""

BY_HAND = """
from alembic import op

revision = "1"
down_revision = None

def upgrade():
    op.create_aseq_sequence({argument})

def downgrade():
    op.drop_aseq_sequence({argument})
"""


class Project:
    """What the commands of Alembic work on.

    Attributes:
        dialect: the kind of its database.
        url: the database.
    """

    def __init__(self, folder: Path, dialect: Dialect, url: str) -> None:
        self.dialect, self.url = dialect, url
        self._folder = folder
        self._output = io.StringIO()
        ini = folder.with_suffix(".ini")
        self._config = Config(ini, stdout=self._output, output_buffer=self._output)
        command.init(self._config, str(folder))
        (folder / "env.py").write_text(ENV)

    def __call__(self, run: Callable[..., object], *args: Any, **kwargs: Any) -> str:
        """Run a command, with the options for `context.configure`; what it printed."""
        names = ("target_metadata", "include_name", "include_schemas", "autogenerate_plugins")
        options = {name: kwargs.pop(name) for name in names if name in kwargs}
        self._config.attributes.update(url=self.url, options=options)
        self._output.seek(0)
        self._output.truncate()
        run(self._config, *args, **kwargs)
        return self._output.getvalue()

    def write_revision(self, argument: str = "") -> None:
        """Add a revision written by hand."""
        self.write(BY_HAND.format(argument=argument), "1")

    def write(self, revision: str, number: str) -> None:
        """Add a revision."""
        path = self._folder / "versions" / f"{number}_by_hand.py"
        path.write_text(revision)

    def revisions(self) -> str:
        """The texts of all revisions."""
        return "\n".join(path.read_text() for path in self._folder.glob("versions/*.py"))

    def run(self, sql: str) -> None:
        """Run a script's statement as it is, and commit."""
        with create_engine(self.url, poolclass=NullPool).begin() as connection:
            connection.connection.cursor().execute(sql)

    def run_script(self, script: str) -> None:
        """Run all statements of a script; MariaDB's with its command-line client."""
        if self.dialect == "mariadb":
            url = make_url(self.url)
            where = f"--host={url.host}", f"--port={url.port}", f"--user={url.username}"
            command = "mariadb", "--no-defaults", *where, str(url.database)
            subprocess.run(command, input=script, text=True, check=True)
            return
        with create_engine(self.url, poolclass=NullPool).begin() as connection:
            driver: Any = connection.connection.driver_connection
            if self.dialect == "sqlite":
                driver.executescript(script)
            else:
                driver.execute(script)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query gives."""
        with create_engine(self.url, poolclass=NullPool).begin() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql)]

    def execute(self, sql: str) -> None:
        """Run a statement, and commit."""
        with create_engine(self.url, poolclass=NullPool).begin() as connection:
            connection.execute(text(sql))
