"""Rows and lists of rows, as MariaDB and MySQL are told of them."""

from __future__ import annotations

from aseq._sql import named as quoted

from ._place import Column, Kind, Place
from ._texts import Search

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "decimal"), "number"),
    **dict.fromkeys(("char", "varchar", "tinytext", "text", "mediumtext", "longtext"), "text"),
    **dict.fromkeys(("binary", "varbinary"), "binary"),
    "date": "date",
    "datetime": "naive",
    "timestamp": "moment",
}


def column_of(declared: object, name: object, collation: object, index: object) -> Column:
    """What the catalogue says of a column, its collation as part of its type."""
    type_ = f"{declared} COLLATE {collation}" if collation else str(declared)
    return Column(type_, _KINDS.get(str(name), "other"), str(index) if index else None)


def plain(place: Place, name: str, of: str) -> str:
    """A column as JSON gets it: what isn't a number or a text, as a text."""
    column, kind = of + quoted(name), place.kind(name)
    if kind == "binary":  # not each sequence of bytes is a text, and two could become one
        return f"HEX({column})"
    if kind == "number" and "zerofill" in place.columns[name].type:
        return f"{column} + 0"  # to JSON, 007 is no number
    return column if kind in ("number", "text") else f"CAST({column} AS CHAR)"


def draft(place: Place, of: str = "") -> str:
    """A row that waits for a number, as a JSON list."""
    at = "NULL"
    if (name := place.target.at_from) is not None:
        at = _moment(of + quoted(name))
        if place.kind(name) != "moment":
            at = plain(place, name, of)
    scopes = "".join(f", CAST({of}{scope} AS CHAR)" for scope in place.scopes)
    return f"JSON_ARRAY({plain(place, place.target.key, of)}, {at}{scopes})"


def _moment(column: str) -> str:
    """A timestamp in UTC, whatever the session's time zone is."""
    since = f"ROUND(UNIX_TIMESTAMP({column}) * 1000000)"
    return f"CONCAT(TIMESTAMPADD(MICROSECOND, {since}, '1970-01-01 00:00:00'), '+00:00')"


def is_incomplete(place: Place) -> str:
    """The condition of a draft without one of its values."""
    target = place.target
    needed = [place.key, *place.scopes, *([quoted(target.at_from)] if target.at_from else [])]
    return " OR ".join(f"{name} IS NULL" for name in needed)


def items(place: Place, listed: str, others: str, collation: str) -> str:
    """A JSON list of keys, as a table ``w``.

    Args:
        place: where the rows are.
        listed: the list.
        others: the names of what else each item has, of one letter each.
        collation: of texts.
    """
    key = place.columns[place.target.key]
    text = f"text CHARACTER SET utf8mb4 COLLATE {collation}"
    types = {"p": "int", "k": key.type, "a": "varchar(40)"}
    if key.kind == "other":  # JSON_TABLE doesn't know each type, a UUID's for example
        types["k"] = "varchar(100)"
    elif key.kind == "binary":
        types["k"] = text
    types["n"] = "bigint" if place.kind(place.target.number.name) == "number" else text
    told = {name: f"{types[name]} PATH '$.{name}'" for name in ("k", *others)}
    told["t"] = f"{text} PATH '$.k'"
    columns = ", ".join(f"{name} {declared}" for name, declared in told.items())
    return f"JSON_TABLE({listed}, '$[*]' COLUMNS ({columns})) AS w"


def has_key(place: Place) -> str:
    """The condition of a row ``d`` that has the key of an item ``w``."""
    told = "w.k"
    if place.kind(place.target.key) == "binary":  # in hexadecimal, as a UUID may have it
        told = "UNHEX(REPLACE(w.k, '-', ''))"
    return f"d.{place.key} = {told}"


def is_whole(place: Place) -> str:
    """The condition of an item whose key is what the caller asked for.

    MariaDB makes of it whatever fits into the column, which may be another row's key: a text
    is cut, of "7th" only the 7 is read, and a number that is too great is the greatest.
    """
    kind = place.kind(place.target.key)
    if kind == "number":
        value = "CAST(w.t AS decimal(65, 30))"
        return f"w.t REGEXP '^ *[-+]?[0-9]+([.][0-9]+)? *$' AND w.k = {value}"
    if kind == "text":  # without blanks at the end, which a char has not
        return "CONVERT(w.k USING utf8mb4) COLLATE utf8mb4_bin = w.t COLLATE utf8mb4_bin"
    return "w.t IS NOT NULL"


def by_index(place: Place) -> str:
    """Names the index of the key, if it has one."""
    index = place.columns[place.target.key].in_index
    return f" FORCE INDEX ({quoted(index)})" if index else ""


def order_by(place: Place, search: Search) -> str:
    """As `ordering` has it: NULL is greater than all else, but no key is NULL."""
    order = [*search.order]
    if place.target.key not in dict(order):
        order.append((place.target.key, False))
    terms = list[str]()
    for name, down in order:
        how = " DESC" if down else ""
        if name != place.target.key:
            terms.append(f"{quoted(name)} IS NULL{how}")
        terms.append(f"{quoted(name)}{how}")
    return f"ORDER BY {', '.join(terms)}"
