"""Which thread code runs in, and saving in another one."""

from __future__ import annotations

import threading

from asgiref.sync import sync_to_async

from aseq.django import aatomic
from tests.django.saved import save


async def thread() -> threading.Thread:
    return await sync_to_async(threading.current_thread)()


async def save_elsewhere(name: str, using: str) -> int:
    async with aatomic(using):
        return await save(name, using)
