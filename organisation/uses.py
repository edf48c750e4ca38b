"""What a record is used by, for whoever wants to delete it."""

from collections import Counter

from django.db.models import ForeignObjectRel, Model

from sesam import history


def uses(record: Model) -> dict[str, int]:
    """How many records of each kind refer to it, by the kind's Swedish name."""
    found: Counter[str] = Counter()
    for relation in record._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ForeignObjectRel) or relation.many_to_many:
            continue
        model = relation.related_model
        if not model._meta.managed:  # another look at rows that are counted anyway
            continue
        if issubclass(model, history.Change):  # what it has been isn't a use
            continue
        # A row between two tables is a use by the one that names the relation.
        between = model._meta.auto_created
        owner = between if isinstance(between, type) else model
        number = model._base_manager.filter(**{relation.field.name: record}).count()
        if number and owner is not type(record):
            name = str(owner._meta.verbose_name_plural)
            found[name] = max(found[name], number)
    return dict(found)


def told(record: Model) -> str:
    """Why it can't be deleted; empty where nothing uses it."""
    found = uses(record)
    if not found:
        return ""
    listed = ", ".join(f"{name} ({number})" for name, number in sorted(found.items()))
    text = f"{record} används och kan inte tas bort. Används av: {listed}."
    if hasattr(record, "is_active"):
        text += " Avmarkera «aktiv» i stället, så går det inte att välja längre."
    return text
