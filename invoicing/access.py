"""Who sees which invoices: KHS all, a controller those of the payers they are tied to, as buyer or
seller. Only what a finished run numbered is shown to anybody."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import Http404

from organisation.models import Payer, User
from organisation.permissions import KHS, has_role

from .models import Invoice


def payers_of(user: User) -> QuerySet[Payer]:
    return Payer.objects.all() if has_role(user, KHS) else user.payers.all()


def invoices_of(user: User) -> QuerySet[Invoice]:
    found = Invoice.objects.exclude(number=None).exclude(run__finished_at=None)
    if has_role(user, KHS):
        return found
    payers = user.payers.values("pk")
    return found.filter(Q(seller__in=payers) | Q(buyer__in=payers))


def find_invoice(user: User, number: str) -> Invoice:
    """404 where there is none that the user may see: whether it exists isn't told either."""
    found = (
        invoices_of(user)
        .filter(number=number)
        .select_related("seller", "buyer", "run", "credits")
        .first()
    )
    if found is None:
        raise Http404
    return found
