"""Which hooks there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from inspect import iscoroutinefunction
from typing import Protocol

from ._details import DrawDetails


class Hook(Protocol):
    """Any function that takes `DrawDetails`.

    It is called when a call that draws has ended, in the thread that made the call, before the
    caller has the numbers: let it be quick. What it raises is dropped. It must not use the
    connection.

    An object that has a method ``around``, too, is a hook with a context manager: see
    `aseq.hooks.around`.
    """

    def __call__(self, details: DrawDetails, /) -> object:
        """Told of a call that has ended."""
        ...


class around:  # noqa: N801  # reads as a decorator
    """A hook that is a context manager around each call, for spans.

        @hooks.around
        @contextmanager
        def span(details: DrawDetails) -> Iterator[None]:
            with tracer.start_as_current_span("draw"):
                yield

    It is entered before anything is sent, with what is known by then, and left after all
    hooks were called with the facts of the end. It sees the error of a call that fails, and
    can't keep it from the caller. What it raises itself is dropped.

    Args:
        manager: makes a context manager, which isn't an asynchronous one.
    """

    def __init__(
        self, manager: Callable[[DrawDetails], AbstractContextManager[object]], /
    ) -> None:
        self.around = manager

    def __call__(self, details: DrawDetails, /) -> None:
        """Nothing: what has ended is of no interest."""


class Registry:
    """The hooks of this process.

    Attributes:
        hooks: those that are set; replaced as a whole.
    """

    def __init__(self) -> None:
        self.hooks: tuple[Hook, ...] = ()


REGISTRY = Registry()


def set_hooks(hooks: Iterable[Hook], /) -> None:
    """Set the hooks of this process, in place of those that were set before.

    Calls that are under way keep those with which they began. Safe in any thread.

    Args:
        hooks: called in this order; none to have none.

    Raises:
        TypeError: one of them can't be called, or is a coroutine function.
    """
    chosen = tuple(hooks)
    for hook in chosen:
        if not callable(hook) or iscoroutinefunction(hook):
            raise TypeError(f"a hook is a function that isn't async, not {hook!r}")
    REGISTRY.hooks = chosen


def get_hooks() -> tuple[Hook, ...]:
    """The hooks that are set."""
    return REGISTRY.hooks
