"""What Django makes anew for nothing while it migrates.

A table's new index, constraint or trigger had Django make the classes of that table and of all that
are related to it once more: half of the 44 000 that all migrations made, which is nine tenths of what
they take. Fields and relations are the same, so here the class is told what its table has now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

from django.apps import apps
from django.db.migrations import AddConstraint, AddIndex, RemoveConstraint, RemoveIndex
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from pgtrigger.migrations import AddTrigger, RemoveTrigger

_OPTIONS: dict[type[Operation], str] = {
    AddIndex: "indexes",
    RemoveIndex: "indexes",
    AddConstraint: "constraints",
    RemoveConstraint: "constraints",
    AddTrigger: "triggers",
    RemoveTrigger: "triggers",
}


@contextmanager
def classes_are_kept() -> Iterator[None]:
    """For migrating forwards: going back, Django draws all states before it changes anything."""
    with ExitStack() as stack:
        for operation, option in _OPTIONS.items():
            told = _told(operation.state_forwards, option)
            stack.enter_context(patch.object(operation, "state_forwards", told))
        # Of our models, which stay; asked for each foreign key of each class that is made.
        swappable = cache(apps.get_swappable_settings_name)
        stack.enter_context(patch.object(apps, "get_swappable_settings_name", swappable))
        yield


def _told(state_forwards: Callable[..., None], option: str) -> Callable[..., None]:
    def told(operation: Any, app_label: str, state: ProjectState) -> None:
        made = state.__dict__.pop("apps", None)  # without them nothing is made anew
        state_forwards(operation, app_label, state)
        if made is not None:
            state.__dict__["apps"] = made
            now = list(state.models[app_label, operation.model_name_lower].options[option])
            meta = made.get_model(app_label, operation.model_name)._meta
            setattr(meta, option, now)
            meta.original_attrs[option] = now

    return told
