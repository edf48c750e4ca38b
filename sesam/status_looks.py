"""How a status looks, icon and tone. It is declared beside the status: ``show_as`` in the room of
the app that has it. Words decide, so that a status that two kinds of case have looks the same."""

from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Choices

Look = tuple[str, str]  # icon of the sprite; tone: blue, green, amber, urgent, red, grey, ended

UNKNOWN: Look = ("circle-dot", "grey")
_looks: dict[str, Look] = {}


def show_as(looks: Mapping[Choices | str, Look]) -> None:
    """From now on these statuses, or words, look so. A word has one look in the whole house."""
    for status, look in looks.items():
        words = str(status.label if isinstance(status, Choices) else status).lower()
        if _looks.setdefault(words, look) != look:
            raise ImproperlyConfigured(f"«{words}» looks like {_looks[words]} and like {look}")


def look_of(*words: str) -> Look:
    """The look of the first of ``words`` that has one."""
    return next((_looks[w.lower()] for w in words if w.lower() in _looks), UNKNOWN)


def is_known(words: str) -> bool:
    return words.lower() in _looks
