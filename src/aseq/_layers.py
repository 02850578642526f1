"""Libraries that stand on a driver we know, and what to pass of them.

Their own objects are no connections, but lead to one. Nothing here imports any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_DATABASES = (
    "pass the driver's connection, inside `async with database.transaction():`: "
    "`database.connection().raw_connection`"
)
_SQLSPEC = (
    "pass the driver's connection, inside `async with session.transaction():`: "
    "`session.connection`"
)
_PEEWEE = (
    "pass the driver's connection, inside `async with db.atomic():`: "
    "`(await db.aconnect()).conn`"
)
_ADVANCED_ALCHEMY = (
    "pass SQLAlchemy's session: `repository.session`, or a service's own session"
)
_INSIDE = (
    "inside `async with database.transaction():`, pass what `async with "
    "database.connection() as conn:` gives"
)
_DATABASEZ = (
    "pass SQLAlchemy's connection, inside `async with connection.transaction():`: "
    "`connection.async_connection`"
)

LAYERS: Mapping[str, str] = {
    "advanced_alchemy": _ADVANCED_ALCHEMY,
    "databases": _DATABASES,
    "databasez": _DATABASEZ,
    "edgy": _DATABASEZ,
    "ormar": _INSIDE,
    "playhouse": _PEEWEE,
    "saffier": _INSIDE,
    "sqlspec": _SQLSPEC,
}
"""What to pass, by the package that a class comes from."""


def instead_of_layer(packages: Iterable[str]) -> str | None:
    """What to pass instead of an object of one of these packages; None if it is of no layer.

    Args:
        packages: those that the object's class and its bases come from, the class first.
    """
    return next((LAYERS[name] for name in packages if name in LAYERS), None)
