"""The population register, behind a door of our own.

``settings.POPULATION_REGISTER`` names the class; the demo's asks a table of official test
numbers. A real one (Navet, through the region's service) implements the same protocol.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from .models import PersonFacts, RegisterPerson

FACTS = tuple(f.name for f in PersonFacts._meta.get_fields())


class RegisterDown(Exception):
    """The register doesn't answer."""


@dataclass(frozen=True)
class Person:
    """What the register says; keys of ``facts`` are the fields of ``PersonFacts``."""

    number: str
    facts: dict[str, Any] = field(repr=False)


class Register(Protocol):
    def find(self, number: str) -> Person | None:
        """Who has the number (twelve digits); raises ``RegisterDown``."""


class DemoRegister:
    """People with official test numbers. ``settings.REGISTER_DOWN`` makes it not answer."""

    def find(self, number: str) -> Person | None:
        if settings.REGISTER_DOWN:
            raise RegisterDown
        row = RegisterPerson.objects.filter(pk=number).values(*FACTS).first()
        return Person(number=number, facts=row) if row else None


def current() -> Register:
    """The register that the settings name."""
    name = getattr(settings, "POPULATION_REGISTER", "recipients.register.DemoRegister")
    named: type[Register] = import_string(name)
    return named()
