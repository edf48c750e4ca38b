"""Running background jobs where the tests are: in the same process and transaction."""

from collections.abc import Callable
from functools import partial

from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob


def waiting() -> list[tuple[str, dict]]:
    """Name and arguments of the jobs that wait."""
    jobs = ProcrastinateJob.objects.filter(status="todo").order_by("id")
    return [(job.task_name, job.args) for job in jobs]


def taken() -> list[Callable[[], None]]:
    """The jobs that wait, each to be done by calling it; none waits any more."""
    jobs = list(ProcrastinateJob.objects.filter(status="todo").order_by("id"))
    for job in jobs:
        with connection.cursor() as cursor:  # the library's models are there to be read only
            cursor.execute(
                "UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id = %s", [job.pk]
            )
    return [partial(app.tasks[job.task_name].func, **job.args) for job in jobs]


def run_jobs() -> int:
    """Do all jobs that wait, as the worker would; returns how many they were."""
    jobs = taken()
    for job in jobs:
        job()
    return len(jobs)
