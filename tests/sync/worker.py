"""A worker process: draws and saves numbers of a series until it is killed, or has enough.

Says "ready" when it has drawn its first number, and waits in the open transaction where it is
told to: there it is killed.
"""

from __future__ import annotations

import sys
import time

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from aseq import sync


def main(url: str, name: str, count: int, hangs: bool) -> None:
    sequence = sync.Sequence(name)
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    for _ in range(count):
        with Session(engine) as session, session.begin():
            number = sequence.next_value(session)
            row = {"name": name, "number": number}
            session.execute(text("INSERT INTO saved VALUES (:name, :number)"), row)
            if hangs:
                sys.stdout.write("drawn\n")
                sys.stdout.flush()
                time.sleep(600)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "hangs")
