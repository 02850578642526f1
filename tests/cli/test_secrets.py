"""Of a URL, only driver, host, port and database are printed: whatever was done wrong."""

from __future__ import annotations

from itertools import product

import pytest

from aseq._cli import app as verbs
from aseq._cli.secrets import Secrets
from tests.cli.conftest import KINDS, PASSWORD, QUOTED, Command

SECRET = "hunter2"

UNREADABLE = (
    "postgers://carol:hunter2@db/shop",
    "postgres:/carol:hunter2@db/shop",
    "postgres//carol:hunter2@db/shop",
    "carol:hunter2@db/shop",
    "postgres://carol:hun@hunter2@db/shop",
    "postgres://carol:hunter2@db:port/shop",
    "postgres://carol/hunter2@db/shop",
    "postgres://db:hunter2",
    "postgres://db/hunter2@shop",
    "postgres://db/shop?host=hunter2@db",
    "oracle://carol:hunter2@db/shop",
    "oracle+hunter2://carol:hunter2@db/shop",
    "mysql://carol:hun@hunter2@db/shop",
    "mariadb://db/shop?ssl-hunter2=carol",
    "sqlite://carol:hunter2@db/shop",
    "host=db password=hunter2 user=carol",
    "postgres://db/user=carol password=hunter2",
    "postgres://db/?dbname=password%3Dhunter2",
    "hunter2",
)

REFUSED = (
    "postgres://carol:hunter2@127.0.0.1:1/shop",
    "postgres://127.0.0.1:1/shop?user=carol&password=hunter2",
    "postgres://carol@127.0.0.1:1/shop?sslpassword=hunter2&sslmode=prefer",
    "postgres://carol:hunter2@127.0.0.1:1/shop?carol=hunter2",
    "postgres://carol:hunter2@127.0.0.1:1/shop?options=-chunter2%3Dcarol",
    "postgres://carol:hunter2@127.0.0.1:1/shop?sslmode=hunter2",
    "postgres://carol:hunter2@127.0.0.1:1/shop?connect_timeout=hunter2",
    "postgres://carol:hunter2@127.0.0.1:99999/shop",
)

VERBS = {
    "list": [],
    "show": ["x"],
    "audit": ["x.y", "x"],
    "holders": [],
    "next": ["x", "--yes"],
    "advance-to": ["x", "1"],
    "create": [],
    "doctor": [],
    "take-over": ["x.y", "x"],
    "take-over-table": ["x"],
    "void": ["1", "x", "--reason", "y"],
}


def check_nothing_is_told(*texts: str) -> None:
    for text in texts:
        for secret in (SECRET, "carol", PASSWORD, QUOTED, "s3cret"):
            assert secret not in text, text


def test_every_verb_is_tried() -> None:
    assert {"ddl", *VERBS} == set(verbs.VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_a_url_that_cannot_be_read(
    verb: str, aseq: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in UNREADABLE:
        code, out, err = aseq(verb, *VERBS[verb], "--dsn", url)
        assert (code, out) == (2, ""), url
        check_nothing_is_told(err)
        monkeypatch.setenv("ASEQ_DSN", url)
        assert aseq(verb, *VERBS[verb]) == (2, "", err)
        monkeypatch.delenv("ASEQ_DSN")


@pytest.mark.parametrize("driver", KINDS[1:])
def test_a_server_that_is_down(driver: str, aseq: Command) -> None:
    for verb, url in product(("list", "create", "next"), REFUSED):
        named = url.replace("postgres:", f"postgresql+{driver}:")
        code, out, err = aseq(verb, *VERBS[verb], "--dsn", named)
        wrong = driver == "asyncpg" and "connect_timeout" in url  # the others ask libpq
        assert (code, out) == (2 if wrong else 3, ""), err
        check_nothing_is_told(err)
        assert err.startswith(f"aseq: postgresql+{driver}://127.0.0.1:") is not wrong


@pytest.mark.parametrize("driver", KINDS[1:])
def test_what_the_server_says(driver: str, aseq: Command, postgres: str) -> None:
    url = postgres.replace("postgresql://postgres@", f"postgresql+{driver}://carol:hunter2@")
    code, _, err = aseq("list", "--dsn", url)
    assert (code, 'role "***" does not exist' in err) == (3, True)
    check_nothing_is_told(err)
    nowhere = postgres.rpartition("/")[0].replace("//postgres@", f"//postgres:{QUOTED}@")
    code, _, err = aseq("list", "--dsn", f"{nowhere}/nowhere")
    assert (code, 'database "nowhere" does not exist' in err) == (3, True)
    check_nothing_is_told(err)


URL = "postgres://carol:hunter2@127.0.0.1:1/shop"
ARGUMENTS = (
    *([URL], ["--dns", URL], [f"--dns={URL}"], ["--hunter2"], ["-x", SECRET], [SECRET, URL]),
    *([option, URL] for option in ("--first", "--limit", "--timeout", "--json", "--yes")),
    *([option, URL] for option in ("--table", "--numbering", "--bind", "--where", "--scope")),
    *(["--table"], ["--dsn"], ["--dsn", URL, "--dsn", URL], ["--json", "--json"]),
)


@pytest.mark.parametrize("verb", [*VERBS, "ddl", "lits", URL])
def test_arguments_in_the_wrong_place(verb: str, aseq: Command) -> None:
    for args in ARGUMENTS:
        code, out, err = aseq(verb, *VERBS.get(verb, []), *args)
        assert code in (2, 3), args
        check_nothing_is_told(out, err)


@pytest.mark.parametrize("args", [(), *((verb,) for verb in verbs.VERBS)])
def test_help_has_no_values(
    args: tuple[str, ...], aseq: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASEQ_DSN", URL)
    code, out, err = aseq(*args, "--help")
    assert (code, err) == (0, "")
    assert "For example:" in out or not args
    check_nothing_is_told(out)


def test_a_bug_is_told_without_them(aseq: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **options: object) -> object:
        raise RuntimeError(f"connecting to {URL} as carol, {SECRET!r}")

    monkeypatch.setattr("aseq._cli.verbs.look.on_database", broken)
    code, out, err = aseq("list", "--dsn", URL)
    assert (code, out) == (70, "")
    assert "RuntimeError: connecting to *** as ***, '***'" in err
    assert err.endswith("Please report it with the lines above\n")
    check_nothing_is_told(err)


def test_a_good_run_prints_none(aseq: Command, url: str, table: str) -> None:
    monkeys = ("--dsn", url, "--table", table)
    texts = [
        text
        for args in (["create"], ["next", "x", "-y"], ["list"], ["show", "y"], ["show", "x"])
        for text in aseq(*args, *monkeys)[1:]
    ]
    check_nothing_is_told(*texts)
    assert "1\n" in texts


@pytest.mark.parametrize(
    ("secret", "text", "scrubbed"),
    [
        ("app", "role app of application", "role *** of application"),
        ("a b", "as a%20b, a+b or 'a b'", "as ***, *** or '***'"),
        ("it's", 'said "it\'s"', 'said "***"'),
        ("back\\slash", "'back\\\\slash'", "'***'"),
        ("x", "password=abc, pwd: 'd' PASSWORD = e", "password=***, pwd: *** PASSWORD = ***"),
        ("y", "postgresql+x://u:p@h/d and redis://h/0", "*** and redis://h/0"),
    ],
)
def test_scrubbing(secret: str, text: str, scrubbed: str) -> None:
    known = Secrets()
    known.add(secret, None, "")
    assert known.scrub(text) == scrubbed
