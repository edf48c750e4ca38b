"""Which columns a user has chosen, kept with the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

if TYPE_CHECKING:
    from .table import Table

#: Tables whose columns a user may choose, by preference key.
choosable: dict[str, type[Table[Any]]] = {}


@require_POST
def save_columns(request: HttpRequest) -> HttpResponse:
    """Keep the user's choice of columns (``tabell``, ``kolumn`` …) and go back to ``nasta``."""
    back = request.POST.get("nasta", "/")
    if not url_has_allowed_host_and_scheme(back, None):
        back = "/"
    user = request.user
    if not user.is_authenticated:
        sign_in = redirect_to_login(back)
        htmx = getattr(request, "htmx", False)
        return HttpResponseClientRedirect(sign_in.url) if htmx else sign_in
    table = choosable.get(request.POST.get("tabell", ""))
    if table is not None:
        wanted = set(request.POST.getlist("kolumn"))
        with transaction.atomic():  # another tab may choose another table's columns
            mine = get_user_model().objects.select_for_update(no_key=True).get(pk=user.pk)
            columns = mine.preferences.setdefault("columns", {})
            columns[table.preference_key] = [name for name in table.optional if name in wanted]
            mine.save(update_fields=["preferences"])
    return HttpResponseRedirect(back)
