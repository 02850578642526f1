"""Number many rows at once: some fail, and some are cancelled when a line comes in."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from typing import Any

from asgiref.sync import sync_to_async
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from tests.django.shop.models import Saved
from tests.django.shop.views import number_and_save


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("tasks", type=int)

    def handle(self, *args: Any, name: str, tasks: int, **options: Any) -> None:
        asyncio.run(issue(name, tasks))


async def issue(name: str, count: int) -> None:
    """Tell what became of them, and wait for another line before the end."""
    tasks = [
        asyncio.create_task(number_and_save(name, fails=index % 3 == 0))
        for index in range(count)
    ]
    await asyncio.to_thread(sys.stdin.readline)
    for task in tasks[1::5]:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    told = {
        "numbers": sorted(number for number in done if isinstance(number, int)),
        "others": Counter(type(each).__name__ for each in done if not isinstance(each, int)),
        "rows": await Saved.objects.filter(name=name).acount(),
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    await sync_to_async(connections.close_all)()  # what the call outside a block opened
