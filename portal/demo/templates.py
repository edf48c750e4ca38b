"""Saved templates: one of the prescriber's own, one of the unit's."""

import uuid

from articles.models import Article
from orders import saved
from orders.again import Once
from organisation.models import Source

from .organisation import Places

BUNDLES = {
    "Duschpaket": (False, ("019161", "024843")),
    "Rullstolar för utprovning": (True, ("43027", "46948")),
}


def load(places: Places, articles: dict[str, Article]) -> None:
    """Needs the catalogue."""
    user = places.users["forskrivare"]
    for name, (is_units, numbers) in BUNDLES.items():
        lines = [Once(articles[x], 1, Source.CENTRAL) for x in numbers if x in articles]
        unit = user.default_unit if is_units else None
        saved.save(user, key=uuid.uuid4(), name=name, unit=unit, lines=lines)
