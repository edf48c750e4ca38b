"""The dialog «Beställd artikel»: how many and from where, components, comment and files."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from articles.models import Article
from organisation.permissions import CARE, roles
from sesam import dialogs
from sesam.dialogs import Dialog
from sesam.errors import DomainError

from .. import cart as carts
from ..forms import CommentForm, ComponentsForm, QuantityForm, raw
from ..models import Cart, CartLine
from .start import WAITING

KIND = "order-line"
LABELS = {"antal": "Antal och lager", "komponenter": "Komponenter", "kommentar": "Kommentar"}
STEP_OF_FIELD = {"comment": "kommentar", "file": "kommentar", "components": "komponenter"}


@roles(*CARE)
@require_GET
def begin(request: HttpRequest, number: str) -> HttpResponse:
    """«Beställ» on an article: open the dialog, or ask for a recipient first."""
    article = get_object_or_404(Article, number=number)
    if carts.of_request(request) is None:
        request.session[WAITING] = article.number
        messages.info(request, f"Sök fram mottagaren som {article.name} ska beställas till.")
        return dialogs.leave(request, reverse("recipients:search"))
    dialog = Dialog.start(request, KIND, article=article.number)
    return redirect("orders:line", dialog.key, "antal")


@roles(*CARE)
@require_GET
def change(request: HttpRequest, line_id: int) -> HttpResponse:
    """The pencil on a line: the same dialog, filled in."""
    cart = carts.of_request(request)
    line = (
        cart
        and cart.lines.filter(pk=line_id, component_of=None)
        .select_related("article", "warehouse", "individual")
        .first()
    )
    if not line:
        raise Http404("line")
    dialog = Dialog.start(request, KIND, article=line.article.number, line=line.pk)
    chosen = line.components.values_list("article__number", flat=True)
    dialog.keep("antal", {
        "quantity": str(line.quantity),
        "source": line.source,
        "warehouse": line.warehouse.number,
        "individual": line.individual.number if line.individual else "",
    })  # fmt: skip
    dialog.keep("komponenter", {"components": list(chosen)})
    dialog.keep("kommentar", {"comment": line.comment})
    return redirect("orders:line", dialog.key, request.GET.get("steg") or "antal")


@dataclass
class LineDialog:
    """The open dialog with what it is about."""

    state: Dialog
    cart: Cart
    article: Article

    @property
    def steps(self) -> list[str]:
        with_components = self.article.standard_components.exists()
        return [s for s in LABELS if s != "komponenter" or with_components]

    def form(self, step: str) -> forms.Form:
        """The step's form, with what was typed if it was shown before."""
        data = raw(self.state.typed(step))
        if step == "antal":
            return QuantityForm(data, cart=self.cart, article=self.article)
        if step == "komponenter":
            return ComponentsForm(data, article=self.article)
        return CommentForm(data, article=self.article)

    def value(self, step: str) -> dict[str, Any] | None:
        """What the step says: cleaned if shown, else its presets; None if it isn't valid."""
        form = self.form(step)
        if not form.is_bound:
            data = {name: form.get_initial_for_field(f, name) for name, f in form.fields.items()}
            form = type(form)(raw(data), **self._about(step))
        return form.cleaned_data if form.is_valid() else None

    def _about(self, step: str) -> dict[str, Any]:
        return {"article": self.article} | ({"cart": self.cart} if step == "antal" else {})

    @property
    def line(self) -> CartLine | None:
        """The line that is changed, where it is still there."""
        return self.cart.lines.filter(pk=self.state.facts.get("line")).first()


def _find(request: HttpRequest, key: str) -> LineDialog | None:
    """The open dialog; None when it has ended (sent twice, or the order was left)."""
    cart = carts.of_request(request)
    try:
        state = Dialog.find(request, KIND, key)
    except Http404:
        return None
    if cart is None:
        return None
    article = get_object_or_404(
        Article.objects.select_related("supplier"), number=state.facts["article"]
    )
    return LineDialog(state, cart, article)


@roles(*CARE)
def step(request: HttpRequest, key: str, step: str) -> HttpResponse:
    """One step of the dialog."""
    dialog = _find(request, key)
    if dialog is None:
        return dialogs.leave(request, reverse("orders:cart"))
    steps = dialog.steps
    if step not in steps:
        raise Http404("step")
    if request.method != "POST":
        return _page(request, dialog, step, dialog.form(step), fresh=True)
    dialog.state.type(step)
    action = request.POST.get("action", "finish")
    if action == "refresh":
        return _page(request, dialog, step, dialog.form(step), fresh=True)
    if fault := _upload(request, dialog):
        form = dialog.form(step)
        form.add_error("file", fault.message)
        return _page(request, dialog, step, form)
    at = steps.index(step)
    if action == "back":
        return dialogs.go(request, reverse("orders:line", args=[key, steps[max(at - 1, 0)]]))
    form = dialog.form(step)
    if not form.is_valid():
        return _page(request, dialog, step, form)
    if action == "next" and at + 1 < len(steps):
        return dialogs.go(request, reverse("orders:line", args=[key, steps[at + 1]]))
    return _put(request, dialog)


def _upload(request: HttpRequest, dialog: LineDialog) -> DomainError | None:
    upload = request.FILES.get("file")
    if upload is None:
        return None
    try:
        carts.attach(dialog.cart, upload, user=request.user, dialog_key=dialog.state.key)
    except DomainError as fault:
        return fault
    return None


def _put(request: HttpRequest, dialog: LineDialog) -> HttpResponse:
    """All steps together become a line; the first step that says no is shown."""
    values: dict[str, Any] = {}
    for name in dialog.steps:
        value = dialog.value(name)
        if value is None:
            if dialog.state.typed(name) is None:
                dialog.state.keep(name, {})
            return _page(request, dialog, name, dialog.form(name))
        values |= value
    offered = {c.component.number: c for c in carts.standard_components(dialog.article)}
    wish = carts.Wish(
        article=dialog.article,
        quantity=values["quantity"],
        source=values["source"],
        warehouse=values["warehouse"],
        individual=values.get("individual"),
        comment=values["comment"],
        components=tuple(
            (offered[n].component, offered[n].quantity) for n in values.get("components", [])
        ),
    )
    try:
        carts.put(dialog.cart, wish, line=dialog.line, dialog_key=dialog.state.key)
    except DomainError as fault:
        step = STEP_OF_FIELD.get(fault.field or "", "antal")
        if dialog.state.typed(step) is None:
            dialog.state.keep(step, _presets(dialog.form(step)))
        form = dialog.form(step)
        form.add_error(fault.field if fault.field in form.fields else None, fault.message)
        return _page(request, dialog, step, form)
    changed = "line" in dialog.state.facts
    dialog.state.end()
    if changed:
        return dialogs.leave(request, reverse("orders:checkout"))
    messages.success(request, f"{dialog.article.name} ligger i beställningen.")
    return dialogs.leave(request, f"{reverse('articles:search')}?ny=1")


def _presets(form: forms.Form) -> dict[str, Any]:
    return {name: form.get_initial_for_field(f, name) for name, f in form.fields.items()}


def _page(
    request: HttpRequest, dialog: LineDialog, step: str, form: forms.Form, *, fresh: bool = False
) -> HttpResponse:
    if fresh and form.is_bound:
        # Coming back shows what was typed without scolding before it is sent again.
        form.full_clean()
        form.errors.clear()
    steps, key = dialog.steps, dialog.state.key
    at = steps.index(step)
    waiting = dialog.cart.attachments.filter(dialog_key=key)
    context = {
        "form": form,
        "article": dialog.article,
        "cart": dialog.cart,
        "component_count": dialog.article.standard_components.count(),
        "attachments": waiting,
        "step": step,
        "dialog": {
            "title": "Beställd artikel",
            "steps": [
                {
                    "label": LABELS[name],
                    "state": "done" if i < at else "current" if i == at else "todo",
                    "url": reverse("orders:line", args=[key, name]),
                }
                for i, name in enumerate(steps)
            ],
            "cancel_url": reverse("orders:checkout")
            if "line" in dialog.state.facts
            else reverse("articles:detail", args=[dialog.article.number]),
            "back": at > 0,
            "finish": "Fortsätt",
            "next": "Nästa" if at + 1 < len(steps) else "",
            "multipart": step == "kommentar",
            "error": " ".join(form.non_field_errors()) if form.is_bound else "",
        },
    }
    status = 422 if form.is_bound and form.errors and not fresh else 200
    return render(request, f"orders/line_{step}.html", context, status=status)
