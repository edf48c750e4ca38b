"""The demo: real catalogue, official test persons, made-up everything else.

``load`` fills an empty database in one transaction: the same people, stock and orders every time, counted
back from now.
"""

import random
from dataclasses import dataclass

from django.db import connection, transaction

from . import (
    catalogue,
    changes,
    coming_back,
    disposal,
    follow_ups,
    gone_wrong,
    history,
    information,
    invoices,
    log,
    maintenance,
    organisation,
    people,
    recalls,
    start,
    stock,
    templates,
    work,
)

# Numbers that manuals and tests count on.
KNOWN_PERSON = people.KNOWN
REGISTER_ONLY_PERSON = people.REGISTER_ONLY
PROTECTED_PERSON = people.PROTECTED
DECEASED_PERSON = people.DECEASED
MANY_AIDS_PERSON = people.MANY_AIDS
LONG_NAMED_PERSON = people.LONG_NAME
CARE_UNIT = people.CARE_UNIT
STORE_CARE_UNIT = people.STORE_CARE_UNIT


@dataclass(frozen=True)
class Loaded:
    articles: int
    recipients: int
    individuals: int
    orders: int


@transaction.atomic
def load() -> Loaded:
    """Fill the database. Needs the migrations' records (roles, billing forms, …)."""
    chance = random.Random(20261123)  # noqa: S311  a demo, no secret
    places = organisation.load()
    articles = catalogue.load()
    recipients = people.load(chance, places)
    shelf = stock.load(chance, places, articles)
    orders = history.load(chance, places, articles, recipients, shelf)
    coming_back.load(chance, places, recipients)
    gone_wrong.load(places, recipients)
    work.load(chance, places, recipients)
    maintenance.load()
    recalls.load()
    _analyze()  # else the months are planned for empty tables, and take minutes
    invoices.load()
    templates.load(places, articles)
    start.load()
    information.load()
    follow_ups.load(places)
    log.load(places, recipients)
    disposal.load(places)
    changes.load(places, articles, recipients)
    _analyze()
    return Loaded(len(articles), len(recipients), len(shelf.pieces), orders)


def _analyze() -> None:
    """Else the first pages are planned for empty tables. Ours alone: what all databases of the
    server have in common would stay locked, and the demo of another wait for the end of this."""
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE " + ", ".join(map(connection.ops.quote_name, names)))
