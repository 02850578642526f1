"""The objects of a class, as the garbage collector finds them."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from aseq.adapters._instances import instances


class Plain:
    pass


class Slots:
    __slots__ = ("held",)


class Other:
    pass


class Derived(Plain, Other):
    pass


class Twice(Derived, Slots):
    pass


@pytest.mark.parametrize("cls", [Plain, Slots, Other, Derived, Twice])
def test_finds_what_looking_at_everything_finds(cls: type[Any]) -> None:
    kept = [kind() for kind in (Plain, Slots, Other, Derived, Twice) for _ in range(2)]
    kept[0].__dict__["own"] = 1  # from then on, its attributes have a dict

    found = sorted(map(id, instances(cls)))

    assert found == sorted(id(item) for item in kept if isinstance(item, cls))
    assert found == sorted(id(item) for item in gc.get_objects() if issubclass(type(item), cls))
