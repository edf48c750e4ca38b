"""The role that the portal runs as, made as a migration makes it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection


@pytest.fixture
def running_role(db: None, settings: Any) -> str:
    """Migrate once more, as the owner: this database exists, and gets the role. Both are gone
    with the test's transaction."""
    name = f"runs_{connection.settings_dict['NAME']}"
    settings.RUNNING_ROLE = {"USER": name, "PASSWORD": "ett'lösen%ord"}
    settings.DB_AS_OWNER = True
    call_command("migrate", verbosity=0)
    return name


@pytest.fixture
def as_running_role(running_role: str) -> Callable[[], AbstractContextManager[Any]]:
    """A cursor of the running role's, for as long as the context lasts."""

    @contextmanager
    def acting() -> Iterator[Any]:
        with connection.cursor() as cursor:
            cursor.execute(f'SET LOCAL ROLE "{running_role}"')
            try:
                yield cursor
            finally:
                cursor.execute("RESET ROLE")

    return acting
