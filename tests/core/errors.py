"""Errors as drivers and ORMs raise them."""

from __future__ import annotations

from collections.abc import Callable


class Driver(Exception):
    """An error of a driver, with what drivers put on theirs."""

    def __init__(self, text: str = "", /, **attributes: object) -> None:
        super().__init__(text)
        self.__dict__.update(attributes)


def as_orig(inner: BaseException) -> Exception:
    """An error around another, as SQLAlchemy does it."""
    return Driver("outer", orig=inner)


def as_cause(inner: BaseException) -> Exception:
    """An error around another, as Django does it: ``raise ... from``."""
    outer = Driver("outer")
    outer.__cause__ = inner
    return outer


def as_argument(inner: BaseException) -> Exception:
    """An error around another, as Tortoise does it."""
    return ValueError(inner)


WRAPPED: tuple[Callable[[BaseException], Exception], ...] = (as_orig, as_cause, as_argument)


def while_handling(earlier: BaseException, exc: Exception) -> Exception:
    """An error that was raised while another one was handled."""
    exc.__context__ = earlier
    return exc


class Error(Exception):
    """As the Python DB-API calls it."""


class OperationalError(Error):
    """As the drivers raise them: a number and a text."""

    sqlstate = "HY000"
