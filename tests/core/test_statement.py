"""Rendering: the same text for drivers that write parameters in different ways."""

from __future__ import annotations

import pytest

from aseq._core.statement import Bind, Paramstyle, Statement, Template, on_table
from aseq._core.table import TableName

TABLE = TableName("numbers")
QUOTE = '"'
BINDS: dict[str, Bind] = {"name": "invoices", "value": 7, "spare": 0}

# (template, paramstyle, text, arguments)
RENDERED: list[tuple[str, Paramstyle, str, tuple[Bind, ...]]] = [
    ("SELECT 1", "qmark", "SELECT 1", ()),
    ("a = :name", "qmark", "a = ?", ("invoices",)),
    ("a = :name", "format", "a = %s", ("invoices",)),
    ("a = :name", "numeric_dollar", "a = $1", ("invoices",)),
    (":value, :name, :value", "qmark", "?, ?, ?", (7, "invoices", 7)),
    (":value, :name, :value", "format", "%s, %s, %s", (7, "invoices", 7)),
    (":value, :name, :value", "numeric_dollar", "$1, $2, $1", (7, "invoices")),
    ("(:name):value", "numeric_dollar", "($1)$2", ("invoices", 7)),
    ("-:value", "qmark", "-?", (7,)),
    # Colons that name nothing.
    ("a::bigint = :value::int", "qmark", "a::bigint = ?::int", (7,)),
    ("$literal::regclass::oid", "qmark", "'\"numbers\"'::regclass::oid", ()),
    ("a = '12:30' OR b = a[1:2]", "qmark", "a = '12:30' OR b = a[1:2]", ()),
    ("a := :value", "qmark", "a := ?", (7,)),
    ("{name} {}", "qmark", "{name} {}", ()),
    ("a = 'b:name'", "qmark", "a = 'b:name'", ()),
    ("5 % :value", "qmark", "5 % ?", (7,)),
    ("5 % :value", "format", "5 %% %s", (7,)),
    ("5 % :value", "numeric_dollar", "5 % $1", (7,)),
    ("'{{x}}' :name", "qmark", "'{{x}}' ?", ("invoices",)),
    ("$table, $literal, ${bare}_pkey", "qmark", '"numbers", \'"numbers"\', numbers_pkey', ()),
    ("$table.x = :name", "numeric_dollar", '"numbers".x = $1', ("invoices",)),
]

# Where a table is on a connection is for the driver to say: schemas can be mapped to
# names that we would refuse. (table, quoted, as a literal)
PLACES = [
    (TableName("t"), '"t"', "'\"t\"'"),
    (TableName("t", "s"), '"s"."t"', '\'"s"."t"\''),
    (TableName("t", 'te"nant'), '"te""nant"."t"', '\'"te""nant"."t"\''),
    (TableName("t", "o'neill"), '"o\'neill"."t"', "'\"o''neill\".\"t\"'"),
    (TableName("t", ":name"), '":name"."t"', '\'":name"."t"\''),
    (TableName("t", "$table"), '"$table"."t"', '\'"$table"."t"\''),
    (TableName("t", "a.b"), '"a.b"."t"', '\'"a.b"."t"\''),
]


@pytest.mark.parametrize(("template", "paramstyle", "sql", "args"), RENDERED)
def test_render(
    template: str, paramstyle: Paramstyle, sql: str, args: tuple[Bind, ...]
) -> None:
    assert Statement(Template(template), TABLE, BINDS).render(QUOTE, paramstyle, TABLE) == (
        sql,
        args,
    )


@pytest.mark.parametrize(("table", "quoted", "literal"), PLACES)
def test_a_table_is_quoted_wherever_it_is(table: TableName, quoted: str, literal: str) -> None:
    statement = Statement(Template("$table $literal $bare :name"), TABLE, BINDS)

    assert statement.render(QUOTE, "qmark", table) == (f"{quoted} {literal} t ?", ("invoices",))


def test_a_dialect_has_its_own_quotation_mark() -> None:
    statement = Statement(Template("$table.x = :name"), TABLE, BINDS)

    assert statement.render("`", "format", TableName("t", "a`b"))[0] == "`a``b`.`t`.x = %s"


def test_a_percent_sign_in_a_schema_is_no_parameter() -> None:
    statement = Statement(Template("$table :name"), TABLE, BINDS)
    schema = TableName("t", "100%s")

    assert statement.render(QUOTE, "format", schema) == ('"100%%s"."t" %s', ("invoices",))
    assert statement.render(QUOTE, "qmark", schema) == ('"100%s"."t" ?', ("invoices",))


def test_a_parameter_without_a_value_is_a_mistake_of_the_plan() -> None:
    with pytest.raises(KeyError, match="other"):
        Statement(Template(":other"), TABLE, BINDS).render(QUOTE, "qmark", TABLE)


def test_a_placeholder_that_is_no_table_is_a_mistake_of_the_dialect() -> None:
    with pytest.raises(KeyError, match="tabel"):
        on_table("$tabel", QUOTE, TABLE)


def test_parameters_stay_named_until_a_driver_is_known() -> None:
    assert on_table("$table = :name", QUOTE, TABLE) == '"numbers" = :name'


def test_a_statement_waits_and_has_no_parameters_unless_it_says_so() -> None:
    statement = Statement(Template("SELECT 1"), TABLE)

    assert statement.binds == {}
    assert statement.timeout is None
    assert statement.queues is False
    assert statement == Statement(Template("SELECT 1"), TABLE)


def test_a_statement_tells_what_its_template_does() -> None:
    draws = Template("", queues=True, waited=2, nothing_on=frozenset({1242}))
    said = Statement(draws, TABLE)

    assert (said.queues, said.waited, said.nothing_on) == (True, 2, frozenset({1242}))
    assert not said.reads
    assert Statement(Template("", reads=True), TABLE).reads
