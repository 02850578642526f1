"""What was saved and drawn, as another connection sees it."""

from __future__ import annotations

from aseq.django import aatomic, get_last_value, get_next_value
from tests.django.shop.models import Saved


async def save(name: str, using: str) -> int:
    number = await get_next_value(name, using=using)
    await Saved.objects.using(using).acreate(name=name, number=number)
    return number


async def saved(name: str, using: str = "default") -> list[int]:
    async with aatomic(using):  # which closes the connection that it reads on
        rows = Saved.objects.using(using).filter(name=name).order_by("number")
        return [number async for number in rows.values_list("number", flat=True)]


async def last(name: str, using: str = "default") -> int | None:
    async with aatomic(using):
        return await get_last_value(name, using=using)
