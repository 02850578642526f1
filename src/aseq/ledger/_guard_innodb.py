"""The guard on MariaDB and MySQL, as statements.

Triggers see each row that a statement changes or deletes, REPLACE and an upsert included. They
don't see what a foreign key cascades into the table, nor TRUNCATE, nor a change of the table
itself; all of these take ALTER or DROP: see `grants_sql`.
"""

from __future__ import annotations

from collections.abc import Iterable

_REFUSE = (
    "SIGNAL SQLSTATE '45000' "
    "SET MESSAGE_TEXT = 'the ledger ${{bare}} only grows: {event} refused'"
)

_DELETE = f"""\
$create ${{guard}}_del AFTER DELETE ON $table FOR EACH ROW
{_REFUSE.format(event="DELETE")}"""

# Behind the statement: a later trigger can't change the row any more.
_UPDATE = f"""\
$create ${{guard}}_upd AFTER UPDATE ON $table FOR EACH ROW
IF NOT (OLD.state = 'issued' AND NEW.state = 'void'
    AND $same) THEN
    {_REFUSE.format(event="UPDATE")};
END IF"""

# Brief, for the servers take 64 characters, and a table's own name may have 52.
DROP = tuple(f"DROP TRIGGER IF EXISTS ${{guard}}_{event}" for event in ("del", "upd"))


def _create(create: str, kept: Iterable[str]) -> tuple[str, ...]:
    same = " AND ".join(f"NEW.{name} <=> OLD.{name}" for name in kept)
    texts = (text.replace("$create", create) for text in (_DELETE, _UPDATE))
    return tuple(text.replace("$same", same) for text in texts)


def on_mariadb(kept: Iterable[str]) -> tuple[str, ...]:
    """What creates it, or makes it again.

    Args:
        kept: the columns that never change.
    """
    return _create("CREATE OR REPLACE TRIGGER", kept)


def on_mysql(kept: Iterable[str]) -> tuple[str, ...]:
    """What creates it, or drops it and makes it again.

    Args:
        kept: the columns that never change.
    """
    return (*DROP, *_create("CREATE TRIGGER", kept))


def delimited(text: str) -> str:
    """A statement as command-line clients take it, which would cut it at its semicolons."""
    return f"DELIMITER //\n{text}//\nDELIMITER ;\n" if ";" in text else f"{text};\n"


def account(role: str) -> str:
    """An account such as ``shop@127.0.0.1``, quoted; without a host, it is a role's name."""
    name, at, host = role.rpartition("@") if "@" in role else (role, "", "")
    return _quoted(name) + (f"@{_quoted(host)}" if at else "")


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
