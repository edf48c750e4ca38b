"""Made-up changes, for «Ändringshistorik» to tell of: each is put right again, so that the data is as it
was made. The database writes when, so all of it is on the day of loading."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.db import models

from articles.models import Article, Price
from organisation.models import User
from organisation.permissions import BUFFERT
from recipients.models import Recipient
from sesam import asking

from . import people
from .files import phone
from .organisation import Places

ARTICLE = "43027"  # the README's


def load(places: Places, articles: dict[str, Article], recipients: dict[str, Recipient]) -> None:
    khs, prescriber, admin = (places.users[name] for name in ("khs", "forskrivare", "admin"))
    article = articles[ARTICLE]
    price = Price.objects.filter(article=article).latest("valid_from")
    with _by(khs):
        _mistaken(article, name=f"{article.name} (utgår)", product_group="Övrigt")
        _mistaken(price, list_price=(price.list_price or Decimal(0)) + Decimal(100))
    with _by(prescriber):
        known = recipients[people.KNOWN]
        _mistaken(known, mobile=phone("mobil", 41), contact_prescriber=not known.contact_prescriber)
        _mistaken(known, instructions="Nyckel hos grannen.")
    with _by(admin):
        unit, substitute = places.units["0883"], places.users["forskrivare2"]
        _mistaken(unit, phone=phone("fast (Malmö)", 17))
        store_keepers = Group.objects.get(name=BUFFERT)
        substitute.groups.add(store_keepers)
        substitute.units.add(places.units["0880"])
        substitute.groups.remove(store_keepers)
        substitute.units.remove(places.units["0880"])


@contextmanager
def _by(user: User) -> Iterator[None]:
    """As somebody does it who has signed in."""
    with asking.by(asking.Asking(started_by=user.pk)):
        yield


def _mistaken(record: models.Model, **facts: Any) -> None:
    """Changed, and changed back."""
    rows = type(record)._default_manager.filter(pk=record.pk)
    right = rows.values(*facts).get()
    rows.update(**facts)
    rows.update(**right)
