"""A worker as Celery's are: a parent that forks, and a child that works through tasks.

The child makes its engine after the fork, and takes a task, numbers it and ends it in one
transaction: killed, it leaves the task to the next child, which the parent forks at once.
"""

from __future__ import annotations

import os
import signal
import sys

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from aseq import sync
from devtools.children import death_signal
from tests.sync.hanging import hang_once

TAKE = """SELECT id FROM task WHERE name = :name AND NOT done
    ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1"""
SAVE = "INSERT INTO saved VALUES (:name, :number)"
DONE = "UPDATE task SET done = true WHERE name = :name AND id = :id"


def work(url: str, name: str, flag: str) -> None:
    numbers = sync.Sequence(name)
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    while True:
        with Session(engine) as session, session.begin():
            task = session.scalar(text(TAKE), {"name": name})
            if task is None:
                return
            number = numbers.next_value(session)
            session.execute(text(SAVE), {"name": name, "number": number})
            session.execute(text(DONE), {"name": name, "id": task})
            hang_once(flag)


def main(url: str, name: str, flag: str) -> None:
    die_with_parent = death_signal(signal.SIGKILL)
    while True:
        child = os.fork()
        if child == 0:
            if die_with_parent is not None:
                die_with_parent()
            work(url, name, flag)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status == 0:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
