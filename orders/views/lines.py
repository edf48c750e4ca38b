"""«Beställ» and the pencil: ways into the dialog «Beställd artikel», and its steps."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_GET

from articles.models import Article
from organisation.permissions import CARE, roles
from sesam import dialogs

from .. import cart as carts
from .. import waiting
from ..models import CartLine
from . import whose
from .line_dialog import COMMENT, COMPONENTS, QUANTITY, LineDialog
from .whose import TILL


@roles(*CARE)
@require_GET
def begin(request: HttpRequest, number: str) -> HttpResponse:
    """«Beställ» on an article: open the dialog, or ask for a recipient first."""
    article = get_object_or_404(Article, number=number)
    cart = carts.of_request(request)
    if cart is None:
        waiting.keep(request, article)
        messages.info(request, f"Sök fram mottagaren som {article.name} ska beställas till.")
        return dialogs.leave(request, reverse("recipients:search"))
    # Without the order's token in the address, none was in progress: the dialog says whose it is.
    if stop := whose.changed(request, request.GET.get(TILL, str(cart.token)), article=article):
        return stop
    return redirect(LineDialog.begin(request, cart, article).url(QUANTITY))


@roles(*CARE)
@require_GET
def change(request: HttpRequest, line_id: int) -> HttpResponse:
    """The pencil on a line: the same dialog, filled in."""
    line = (
        CartLine.objects.filter(pk=line_id, component_of=None, cart__user=request.user.pk)
        .select_related("article", "warehouse", "individual", "fitted_to", "cart__recipient")
        .first()
    )
    if not line:
        raise Http404("line")
    if stop := whose.changed(request, str(line.cart.token)):
        return stop
    dialog = LineDialog.begin(request, line.cart, line.article, line=line.pk)
    chosen = line.components.values_list("article__number", flat=True)
    dialog.state.keep(QUANTITY, {
        "quantity": str(line.quantity),
        "source": line.source,
        "warehouse": line.warehouse.number,
        "individual": line.individual.number if line.individual else "",
        "fitted_to": line.fitted_to.number if line.fitted_to else "",
    })  # fmt: skip
    dialog.state.keep(COMPONENTS, {"components": list(chosen), "others": list(chosen)})
    dialog.state.keep(COMMENT, {"comment": line.comment})
    wanted = request.GET.get("steg")
    known = {step.name for step in LineDialog.all_steps}
    return redirect(dialog.url(wanted if wanted in known else QUANTITY))


@roles(*CARE)
def step(request: HttpRequest, key: str, step: str) -> HttpResponse:
    """One step of the dialog."""
    return LineDialog.respond(request, key, step)
