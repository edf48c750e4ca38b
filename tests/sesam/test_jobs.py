"""What people read of background jobs: each has a name in Swedish."""

import re

import pytest
from procrastinate.contrib.django import app

from sesam import jobs

BUILT_IN = "builtin"  # the library's own


def names() -> list[str]:
    """All jobs, and all that is cleared away by the hour, as they are logged."""
    tasks = {task.name for task in app.tasks.values() if not task.name.startswith(BUILT_IN)}
    return sorted(tasks | {jobs._name_of(clear) for clear in jobs._hourly})


@pytest.mark.parametrize("name", names())
def test_every_job_is_called_something_in_swedish(name):
    called = jobs.words(name)
    assert called != name
    assert re.fullmatch(r"[a-zåäö][a-zåäöA-ZÅÄÖ ]+", called)


def test_a_job_that_is_no_more_is_called_what_it_was():
    assert jobs.words("orders.long_ago") == "orders.long_ago"
    assert jobs.words("") == ""
