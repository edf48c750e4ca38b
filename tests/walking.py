"""A walk over many addresses with one set of records: what happens at one is taken back before
the next, and all that was wrong is told at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy

from django.db import transaction
from django.test import Client


def another_window(client: Client) -> Client:
    """Of the same browser, signed in as it is. Signing in takes as long as opening a page."""
    window = Client()
    window.cookies = deepcopy(client.cookies)
    return window


class Walk:
    def __init__(self) -> None:
        self.faults: list[str] = []
        self.steps = 0

    @contextmanager
    def at(self, name: str) -> Iterator[None]:
        """One address: a fault there is kept, and all that was written there is taken back."""
        self.steps += 1
        try:
            with transaction.atomic():
                try:
                    yield
                finally:
                    transaction.set_rollback(True)
        except Exception as fault:  # a 500 at one address is no reason to leave out the others
            self.faults.append(f"{name}: {type(fault).__name__}: {fault}")

    def end(self) -> None:
        assert self.steps, "nothing was walked"
        assert not self.faults, "\n\n".join(self.faults)
