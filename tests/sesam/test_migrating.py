"""Migrating forwards keeps the classes of a table that gets an index, a constraint or a trigger."""

import pgtrigger
import pytest
from django.db import models
from django.db.migrations import AddConstraint, AddIndex, RemoveConstraint, RemoveIndex
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from pgtrigger.migrations import AddTrigger, RemoveTrigger

from sesam.migrating import classes_are_kept

INDEX = models.Index(fields=["height"], name="table_height")
RULE = models.CheckConstraint(condition=models.Q(height__gt=0), name="table_stands")
TRIGGER = pgtrigger.Protect(name="stays", operation=pgtrigger.Delete)
ADDED = [AddIndex("table", INDEX), AddConstraint("table", RULE), AddTrigger("table", TRIGGER)]
REMOVED = [
    RemoveIndex("table", INDEX.name),
    RemoveConstraint("table", RULE.name),
    RemoveTrigger("table", TRIGGER.name),
]


def drawn() -> ProjectState:
    """A table and a chair that stands at it, made into classes."""
    state = ProjectState()
    key = ("id", models.BigAutoField(primary_key=True))
    table = [key, ("height", models.IntegerField())]
    at = ("table", models.ForeignKey("things.Table", models.CASCADE))
    state.add_model(ModelState("things", "Table", table))
    state.add_model(ModelState("things", "Chair", [key, at]))
    assert state.apps.get_models()
    return state


def after(state: ProjectState, operations: list[Operation]) -> dict[str, list]:
    """What the table's class has then."""
    for operation in operations:
        state = state.clone()
        operation.state_forwards("things", state)
    meta = state.apps.get_model("things", "Table")._meta
    return {name: list(getattr(meta, name)) for name in ("indexes", "constraints", "triggers")}


@pytest.mark.parametrize("operations", [ADDED, ADDED + REMOVED, ADDED[:2] + REMOVED[:1]])
def test_the_class_has_what_django_would_give_it(operations):
    as_django_does = after(drawn(), [*operations, AddTrigger("table", TRIGGER)])
    with classes_are_kept():
        assert after(drawn(), [*operations, AddTrigger("table", TRIGGER)]) == as_django_does


def test_no_class_is_made_anew():
    state = drawn()
    table, chair = (state.apps.get_model("things", name) for name in ("Table", "Chair"))
    with classes_are_kept():
        for operation in ADDED + REMOVED:
            operation.state_forwards("things", state)
            assert state.apps.get_model("things", "Table") is table
            assert state.apps.get_model("things", "Chair") is chair


def test_afterwards_django_makes_them_as_ever():
    with classes_are_kept():
        pass
    state = drawn()
    table = state.apps.get_model("things", "Table")
    ADDED[0].state_forwards("things", state)
    assert state.apps.get_model("things", "Table") is not table
