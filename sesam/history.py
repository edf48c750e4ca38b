"""Change history: what became of a record, who did it, when. Written by the database alone.

Each tracked model has a table of its own (``ArticleChange``), to which triggers add whatever writes
(django-pghistory): of a new row what it is, of a changed or removed one what it was. What a change
led to is what the next one found, or the record as it stands: so what was there before has its
history too, and nothing that stands is kept twice.

Who did it comes from ``sesam.asking``, in the two settings of the transaction that pghistory reads.
(Its own wrapper puts them before a statement, in the same text, which a server that binds the values
refuses.) They are set by a statement of its own before the first that writes a tracked table.

The tables are the owner's to write: the triggers run as the owner, the role that runs the portal may
read (``database_roles``). Other than the library's, they can't be told to rest by a setting.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import pghistory
import pgtrigger
from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from pghistory import models as pghistory_models
from pghistory import trigger as pghistory_trigger
from pgtrigger import compiler

from . import asking

INSERT, UPDATE, DELETE = "insert", "update", "delete"
CHANGED_UNSEEN = "unseen"  # something that isn't kept, as a password: that it was changed

# --- what is tracked ----------------------------------------------------------------------------


class Change(pghistory_models.Event):
    """What a record was before it was changed or removed, or when it was added (``pgh_label``)."""

    pgh_id = models.BigAutoField(primary_key=True)

    # What may be emptied when the person it is about is to be forgotten (``database_roles``).
    MAY_BE_EMPTIED: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True


@dataclass(frozen=True)
class Tracked:
    """A model whose changes are kept. ``part_of`` names what its rows belong to, in whose history
    they stand; of ``unseen`` only that it changed is kept."""

    model: type[models.Model]
    changes: type[Change]
    part_of: str
    unseen: str

    @property
    def fields(self) -> list[models.Field[Any, Any]]:
        """Those that are kept, as the model has them."""
        kept = {field.name for field in self.changes._meta.fields}
        return [field for field in self.model._meta.concrete_fields if field.name in kept]


_tracked: list[Tracked] = []


def all_tracked() -> list[Tracked]:
    return list(_tracked)


def of(model: type[models.Model]) -> Tracked | None:
    """How ``model``'s changes are kept; None where they aren't."""
    concrete = model._meta.concrete_model
    return next((t for t in _tracked if t.model._meta.concrete_model is concrete), None)


def parts_of(model: type[models.Model]) -> list[Tracked]:
    """Whose rows stand in the history of ``model``'s records."""
    return [
        tracked
        for tracked in _tracked
        if tracked.part_of
        and tracked.model._meta.get_field(tracked.part_of).related_model
        is model._meta.concrete_model
    ]


def track(
    model: type[models.Model],
    *,
    but: Iterable[str] = (),
    part_of: str = "",
    unseen: str = "",
    may_be_emptied: tuple[str, ...] = (),
    triggers: Iterable[pgtrigger.Trigger] = (),
    new_ones: pgtrigger.Condition | None = None,
) -> type[Change]:
    """Keep the changes of ``model``: all its fields ``but`` those. Of the field ``unseen``, which is
    among these, that it changed is kept and no more.

    A record is followed by its key; rows between two tables, which come and go, by ``part_of``.
    What is kept is never changed, but ``may_be_emptied``, as its ``triggers`` let. Where a job makes
    rows by the hundred thousand, ``new_ones`` says of which new ones it is kept what they were.
    """
    between = model._meta.concrete_model._meta.auto_created  # type: ignore[union-attr]
    left_out = {*but, model._meta.pk.name}
    left_out |= {f.name for f in model._meta.fields if isinstance(f, models.GeneratedField)}
    name = f"{model._meta.object_name}Change"
    added = _Insert(condition=new_ones)
    trackers = [added, _Delete()] if between else [added, _Update(), _Delete()]
    if unseen:
        trackers.append(_Unseen(condition=pgtrigger.AnyChange(unseen)))
    # (Its types leave out that None means none.)
    follows: Any = None if between else pghistory.ObjForeignKey(related_name="+", db_index=True)
    protecting = pgtrigger.Delete if may_be_emptied else pgtrigger.Update | pgtrigger.Delete
    changes: Any = pghistory.create_event_model(
        model,
        *trackers,
        exclude=sorted(left_out),
        obj_field=follows,
        context_field=pghistory.ContextJSONField(),
        model_name=name,
        base_model=Change,
        abstract=False,
        attrs={"MAY_BE_EMPTIED": may_be_emptied},
        meta={
            "verbose_name": f"ändring av {model._meta.verbose_name}",
            "verbose_name_plural": f"ändringar av {model._meta.verbose_name_plural}",
            "indexes": [models.Index(fields=[part_of])] if part_of else [],
            "triggers": [
                pgtrigger.Protect(name="append_only", operation=protecting),
                pgtrigger.Trigger(
                    name="no_truncate",
                    when=pgtrigger.Before,
                    operation=pgtrigger.Truncate,
                    level=pgtrigger.Statement,
                    func="RAISE EXCEPTION 'append-only: % cannot be truncated', TG_TABLE_NAME;",
                ),
                *triggers,
            ],
        },
    )
    _tracked.append(Tracked(model, changes, part_of, unseen))
    made: type[Change] = changes
    return made


# --- the triggers -------------------------------------------------------------------------------


class AsOwnerSql(compiler.UpsertTriggerSql):
    """A trigger that writes what the role that runs the portal may only read: its function runs as
    its owner, nobody else may hang it elsewhere, and no setting makes it rest.

    Migrations name this class: a change of the text is a new class.
    """

    def get_template(self) -> str:
        return """
            CREATE OR REPLACE FUNCTION {pgid}()
            RETURNS TRIGGER AS $$
                {declare}
                BEGIN
                    {func}
                END;
            $$ LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;

            REVOKE ALL ON FUNCTION {pgid}() FROM PUBLIC;

            DROP TRIGGER IF EXISTS {pgid} ON {table};
            CREATE {constraint} TRIGGER {pgid}
                {when} {operation} ON {table}
                {timing}
                {referencing}
                FOR EACH {level} {condition}
                EXECUTE PROCEDURE {execute};

            COMMENT ON TRIGGER {pgid} ON {table} IS '{hash}';
        """


class _Trigger(pghistory_trigger.Event):
    def compile(self, model: Any) -> compiler.Trigger:
        made = super().compile(model)
        return compiler.Trigger(name=made.name, sql=AsOwnerSql(**made.sql.kwargs))


class _Kept:
    """Mixed into pghistory's trackers: their triggers are ours."""

    def add_event_trigger(self, event_model: type[Change]) -> None:
        tracker: Any = self
        trigger: Any = _Trigger
        pgtrigger.register(
            trigger(
                event_model=event_model,
                label=tracker.label,
                name=f"history_{tracker.label}",
                row=tracker.row,
                operation=tracker.operation,
                condition=tracker.condition,
            )
        )(event_model.pgh_tracked_model)


class _Insert(_Kept, pghistory.InsertEvent):
    label = INSERT


class _Update(_Kept, pghistory.UpdateEvent):
    label = UPDATE
    row = pghistory.Old


class _Delete(_Kept, pghistory.DeleteEvent):
    label = DELETE


class _Unseen(_Kept, pghistory.UpdateEvent):
    label = CHANGED_UNSEEN
    row = pghistory.Old


class Guard(pgtrigger.Trigger):
    """What may be done with the changes themselves; no setting makes it rest either."""

    def compile(self, model: Any) -> compiler.Trigger:
        made = super().compile(model)
        return compiler.Trigger(name=made.name, sql=AsOwnerSql(**made.sql.kwargs))


# --- what is forgotten --------------------------------------------------------------------------


def emptied(table: str, columns: Mapping[str, str], *, of: str) -> str:
    """A statement for a trigger: ``columns`` become those values in the changes ``of`` a record."""
    names, values = ", ".join(columns), ", ".join(columns.values())
    return (
        f"UPDATE {table} SET ({names}) = ROW({values}) WHERE pgh_obj_id = {of}"  # noqa: S608
        f" AND ROW({names}) IS DISTINCT FROM ROW({values});"
    )


def forget(record: models.Model) -> None:
    """Empty all that may be emptied in what is kept of the record's changes; who changed it, and
    when, stays. Called in the transaction in which the record itself forgets, after that: the
    database lets it only of those it is right for."""
    tracked = of(type(record))
    if tracked is None or not tracked.changes.MAY_BE_EMPTIED:
        raise ValueError(f"nothing may be emptied in the history of {record._meta.label}")
    may = {f.name: f for f in tracked.fields if f.column in tracked.changes.MAY_BE_EMPTIED}
    empty = {name: _empty(field) for name, field in may.items()}
    changes: Any = tracked.changes._default_manager
    changes.filter(pgh_obj=record.pk).update(**empty)


def _empty(field: models.Field[Any, Any]) -> Any:
    if field.null:
        return None
    return False if isinstance(field, models.BooleanField) else ""


# --- who does it --------------------------------------------------------------------------------

_SET = (
    "SELECT set_config('pghistory.context_id', %s, true),"
    " set_config('pghistory.context_metadata', %s, true)"
)


class _Told:
    """That the transaction's settings say who asks. It lies among what is to be done at the commit,
    since that list is cut with every savepoint that is rolled back, as the settings are."""

    def __init__(self, who: tuple[asking.Asking, int | None]) -> None:
        self.who = who

    def __call__(self) -> None:
        pass


@lru_cache
def _writes() -> re.Pattern[str]:
    """Begins what writes a tracked table; a question may begin with what it asks from."""
    tables = "|".join(sorted({re.escape(t.model._meta.db_table) for t in _tracked}))
    write = rf'(?:INSERT\s+INTO|UPDATE(?:\s+ONLY)?|DELETE\s+FROM)\s+"?(?:{tables})\b'
    return re.compile(rf"\s*(?:{write}|WITH\b.*?\b{write})", re.IGNORECASE | re.DOTALL)


def say_who(
    execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Django's wrapper of every statement: before one that writes a tracked table, who asks."""
    if not isinstance(sql, str) or sql.startswith("SELECT") or not _writes().match(sql):
        return execute(sql, params, many, context)
    connection: BaseDatabaseWrapper = context["connection"]
    if connection.in_atomic_block:
        _say_in_transaction(connection)
        return execute(sql, params, many, context)
    with transaction.atomic(using=connection.alias):  # the settings last as long as it
        _say_in_transaction(connection)
        return execute(sql, params, many, context)


def _say_in_transaction(connection: BaseDatabaseWrapper) -> None:
    asked = asking.now()
    who = (asked, asked.user_id)
    waits: list[Any] = connection.run_on_commit
    told = next((does for _, does, _ in reversed(waits) if isinstance(does, _Told)), None)
    if told is None and not _words(*who):
        return  # somebody at the server: nothing says otherwise
    if told is not None and told.who[0] is asked and told.who[1] == who[1]:
        return
    words = _words(*who)
    with connection.cursor() as cursor:
        cursor.execute(_SET, [str(uuid.uuid4()) if words else "", words])
    connection.on_commit(_Told(who))


def _words(asked: asking.Asking, user_id: int | None) -> str:
    """As pghistory reads it; nothing where nobody asks by the portal. A visitor is who hasn't signed in
    (yet: a password is stored anew by who gives it)."""
    visitor = asked.request is not None and not user_id
    found = {"user": user_id, "job": asked.job, "visitor": visitor}
    kept = {name: value for name, value in found.items() if value}
    return json.dumps(kept) if kept else ""


def listen(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Of a connection that was made: it says who writes."""
    if say_who not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, say_who)
