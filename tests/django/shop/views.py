"""Async views that issue numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, JsonResponse

from aseq.django import Issuer, aatomic, get_next_value

from .models import Paper, Saved


async def issue(request: HttpRequest, name: str) -> JsonResponse:
    """Number and save, both or neither."""
    try:
        number = await number_and_save(name, fails="fails" in request.GET)
    except ZeroDivisionError:
        return JsonResponse({}, status=400)
    return JsonResponse({"numbers": [number]})


async def two(request: HttpRequest, name: str) -> JsonResponse:
    """Two blocks at once in one request, of which one may fail."""
    fails = "fails" in request.GET
    done = await asyncio.gather(
        number_and_save(name, fails=fails),
        number_and_save(name, fails=False),
        return_exceptions=True,
    )
    return JsonResponse({"numbers": [number for number in done if isinstance(number, int)]})


async def number_and_save(name: str, *, fails: bool) -> int:
    async with aatomic():
        number = await get_next_value(name)
        await Saved.objects.acreate(name=name, number=number)
        if fails:
            raise ZeroDivisionError
        async with aatomic() as tx:
            await Saved.objects.acreate(name=name, number=await get_next_value(name))
            tx.set_rollback()
    return number


@cache
def issuer(using: str, name: str) -> Issuer[int]:
    """The process's one for a sequence."""
    return Issuer(Paper, "number", name, using=using, timeout=60)


async def late(request: HttpRequest, using: str, name: str) -> JsonResponse:
    """Save a draft, and have it numbered."""
    text = "bad" if "fails" in request.GET else name
    draft = await Paper.objects.using(using).acreate(text=text)
    try:
        number = await issuer(using, name).issue(draft.pk)
    except IntegrityError:
        return JsonResponse({}, status=400)
    return JsonResponse({"numbers": [number]})


def sync_only(get_response: Callable[[HttpRequest], HttpResponse]) -> object:
    """A middleware of the old kind: each request's async view is under sync code."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    return middleware
