"""The project's settings with the floors' addresses."""

from sesam.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.urls"
