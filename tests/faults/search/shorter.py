"""Schedules that are a little simpler than one that went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.faults.search.schedules import Schedule, Step


def shorter(schedule: Schedule) -> Iterator[Schedule]:
    """The schedules that are a little simpler."""
    for index, steps in enumerate(schedule.tasks):
        before, after = schedule.tasks[:index], schedule.tasks[index + 1 :]
        for fewer in _fewer(steps):
            if tasks := (*before, *((fewer,) if fewer else ()), *after):
                yield replace(schedule, tasks=tasks)
    for answers in _sooner(schedule.answers):
        yield replace(schedule, answers=answers)
    for usual in ({"behind": None}, {"pipeline": False}, {"raises": False}, {"closes": False}):
        if (simpler := replace(schedule, **usual)) != schedule:
            yield simpler


def _sooner(answers: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    if answers:
        yield ()
        yield answers[:-1]
    for index, turns in enumerate(answers):
        if turns:
            yield (*answers[:index], turns // 2, *answers[index + 1 :])


def _fewer(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    for index, step in enumerate(steps):
        yield steps[:index] + steps[index + 1 :]
        for simple in _simpler(step):
            yield (*steps[:index], simple, *steps[index + 1 :])


def _simpler(step: Step) -> Iterator[Step]:
    if step.does in ("three", "other", "nowait"):
        yield replace(step, does="draw")
    if step.does == "savepoint":
        yield replace(step, does="plain", inside=None)
    if step.inside is not None:
        yield replace(step, inside=None)
    if step.cancel is not None:
        yield replace(step, cancel=None, way="task", late=False, awaited=True)
        if step.late:
            yield replace(step, late=False)
        if not step.awaited:
            yield replace(step, awaited=True)
        if step.way != "task":
            yield replace(step, way="task")
        if step.cancel:
            yield replace(step, cancel=step.cancel // 2)
    if step.after:
        yield replace(step, after=step.after // 2)
