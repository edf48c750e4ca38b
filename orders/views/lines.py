"""The dialog «Beställd artikel»: how many and from where, components, comment and files."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_GET

from articles.models import Article, ArticleType
from organisation.models import Source, Warehouse
from organisation.permissions import CARE, roles
from sesam import dialogs
from sesam.dialogs import Dialog, form_data
from sesam.errors import DomainError

from .. import cart as carts
from .. import components, preview, replacement, waiting
from ..forms import CommentForm, ComponentsForm, QuantityForm, ReplacementForm
from ..models import Cart, CartLine
from ..rules import Wish, own_order_fault
from . import whose
from .whose import TILL

KIND = "order-line"
LABELS = {
    "antal": "Artikel",
    "ersattning": "Ersättningsartiklar",
    "komponenter": "Komponenter",
    "kommentar": "Kommentar",
}
STEP_OF_FIELD = {
    "comment": "kommentar",
    "file": "kommentar",
    "components": "komponenter",
    "backlog": "ersattning",
}
# What the spread over other articles answers.
ASKED = ("quantity", "source", "warehouse")


def open_for(request: HttpRequest, cart: Cart, article: Article, **facts: Any) -> Dialog:
    """Open the dialog for this order and no other."""
    return Dialog.start(
        request,
        KIND,
        about=carts.about(cart),
        order=str(cart.token),
        article=article.number,
        **facts,
    )


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
    dialog = open_for(request, cart, article)
    return redirect("orders:line", dialog.key, "antal")


@roles(*CARE)
@require_GET
def change(request: HttpRequest, line_id: int) -> HttpResponse:
    """The pencil on a line: the same dialog, filled in."""
    line = (
        CartLine.objects.filter(pk=line_id, component_of=None, cart__user=request.user)
        .select_related("article", "warehouse", "individual", "fitted_to", "cart__recipient")
        .first()
    )
    if not line:
        raise Http404("line")
    if stop := whose.changed(request, str(line.cart.token)):
        return stop
    dialog = open_for(request, line.cart, line.article, line=line.pk)
    chosen = line.components.values_list("article__number", flat=True)
    dialog.keep("antal", {
        "quantity": str(line.quantity),
        "source": line.source,
        "warehouse": line.warehouse.number,
        "individual": line.individual.number if line.individual else "",
        "fitted_to": line.fitted_to.number if line.fitted_to else "",
    })  # fmt: skip
    dialog.keep("komponenter", {"components": list(chosen), "others": list(chosen)})
    dialog.keep("kommentar", {"comment": line.comment})
    return redirect("orders:line", dialog.key, request.GET.get("steg") or "antal")


@dataclass
class LineDialog:
    """The open dialog with what it is about."""

    state: Dialog
    cart: Cart
    article: Article
    _values: dict[str, dict[str, Any] | None] = field(default_factory=dict)

    @cached_property
    def steps(self) -> list[str]:
        left_out = set()
        if self.offer is None:
            left_out.add("ersattning")
        if self.article.type != ArticleType.MAIN:
            left_out.add("komponenter")
        return [step for step in LABELS if step not in left_out]

    @cached_property
    def offer(self) -> replacement.Offer | None:
        """What may stand in, where KHS's warehouse has too little of the article."""
        asked = self.value("antal")
        if asked is None or asked["source"] != Source.CENTRAL:
            return None
        return replacement.offer(
            self.cart, self.article, asked["warehouse"], asked["quantity"], besides=self.line
        )

    @cached_property
    def shares(self) -> list[tuple[Article, int]]:
        """The articles that are ordered, and how many of each."""
        if self.offer is not None:
            form = self.form("ersattning")
            if form.is_bound and form.is_valid():
                return form.shares()
        asked = self.value("antal")
        return [(self.article, asked["quantity"] if asked else 1)]

    @cached_property
    def offered(self) -> components.Offered:
        """The components to choose among."""
        typed = form_data(self.state.typed("komponenter")) or MultiValueDict()
        asked = self.value("antal")
        return components.offered(
            [article for article, _ in self.shares],
            words=typed.get("search", ""),
            picked=typed.getlist("others"),
            warehouse=asked["warehouse"] if asked else None,
        )

    @cached_property
    def chosen(self) -> list[str]:
        """The numbers of the components that come along, each once."""
        if "komponenter" not in self.steps:
            return []
        value = self.value("komponenter") or {}
        both = [*value.get("components", []), *value.get("others", [])]
        return list(dict.fromkeys(both))

    def wishes(self, comment: str = "") -> list[Wish]:
        """A line for each article that is ordered, with the components that go with it; none
        before it is known how many and from where."""
        asked = self.value("antal")
        if asked is None:
            return []
        return [
            Wish(
                article=article,
                quantity=quantity,
                source=asked["source"],
                warehouse=asked["warehouse"],
                individual=asked.get("individual"),
                fitted_to=asked.get("fitted_to"),
                comment=comment,
                components=self.offered.of(article, self.chosen),
                asked=self.article if article != self.article else None,
                because=self.offer.reason if article != self.article and self.offer else "",
            )
            for article, quantity in self.shares
        ]

    @cached_property
    def preview(self) -> list[CartLine]:
        """The lines that «Fortsätt» would make as it stands now."""
        return preview.lines(self.cart, self.wishes(), besides=self.line)

    @property
    def lacks_components(self) -> bool:
        """Whether a component would be ordered from KHS, because the own store has none."""
        return any(
            line.component_of_id and not line.is_own
            for line in self.preview
            if self.preview[0].is_own
        )

    @cached_property
    def refusal(self) -> str:
        """Why the article can't share this order: told before anything is typed."""
        fault = own_order_fault(self.cart, self.article, self.line)
        return fault.message if fault else ""

    def form(self, step: str) -> forms.Form:
        """The step's form, with what was typed if it was shown before."""
        return self._form(step, form_data(self.state.typed(step)))

    def _form(self, step: str, data: MultiValueDict | None) -> forms.Form:
        if step == "antal":
            return QuantityForm(
                data,
                cart=self.cart,
                article=self.article,
                line=self.line,
                refusal=self.refusal,
                stores=self.stores,
            )
        if step == "ersattning":
            return ReplacementForm(data, offer=self.offer)
        if step == "komponenter":
            return ComponentsForm(_only_offered(data, self.offered), offered=self.offered)
        return CommentForm(data, article=self.article)

    def value(self, step: str) -> dict[str, Any] | None:
        """What the step says: cleaned if shown, else its presets; None if it isn't valid."""
        if step not in self._values:
            self._values[step] = self._value(step)
        return self._values[step]

    def _value(self, step: str) -> dict[str, Any] | None:
        form = self.form(step)
        if not form.is_bound:
            data = {name: form.get_initial_for_field(f, name) for name, f in form.fields.items()}
            form = self._form(step, form_data(data))
        return form.cleaned_data if form.is_valid() else None

    @cached_property
    def stores(self) -> list[Warehouse]:
        """Where the article may be delivered from."""
        return carts.warehouses(self.cart.user, self.cart.unit)

    @cached_property
    def line(self) -> CartLine | None:
        """The line that is changed, where it is still there."""
        if "line" not in self.state.facts:
            return None
        return self.cart.lines.filter(pk=self.state.facts.get("line")).first()


def _only_offered(
    data: MultiValueDict | None, offered: components.Offered
) -> MultiValueDict | None:
    """Without what is no longer offered, because the article that goes out is another."""
    if data is None:
        return None
    kept = data.copy()
    for name, choices in (("components", offered.standard), ("others", offered.others)):
        kept.setlist(name, [number for number in data.getlist(name) if number in choices])
    return kept


def _find(request: HttpRequest, key: str) -> LineDialog | None:
    """The open dialog, with the order that it was opened for; None when it has ended."""
    try:
        state = Dialog.find(request, KIND, key)
    except Http404:
        return None
    cart = carts.of_request(request)
    token = state.facts.get("order", "")
    if cart is None or str(cart.token) != token:
        cart = whose.was(request, token)
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
    if stop := _changed(request, dialog, step):
        return stop
    if request.method != "POST":
        return _page(request, dialog, step, dialog.form(step), fresh=True)
    before = dialog.state.typed(step) or {}
    after = dialog.state.type(step)
    if step == "antal" and any(before.get(name) != after.get(name) for name in ASKED):
        dialog.state.forget("ersattning")
    dialog = LineDialog(dialog.state, dialog.cart, dialog.article)  # what it says has changed
    steps = dialog.steps
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


def _changed(request: HttpRequest, dialog: LineDialog, step: str) -> HttpResponse | None:
    """Stops where the order in progress is no longer the dialog's. What was typed is kept in the
    dialog, for when the order is taken up again, and shown."""
    if carts.of_request(request) == dialog.cart:
        return None
    if request.method == "POST":
        dialog.state.type(step)
    forms_typed = [dialog.form(name) for name in dialog.steps if dialog.state.typed(name)]
    return whose.stopped(request, dialog.cart, typed=forms_typed, article=dialog.article)


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
        unseen = dialog.state.typed(name) is None
        if unseen and (name == "ersattning" or (name == "komponenter" and dialog.lacks_components)):
            # Nobody gets another article than the one they chose, or one that the store hasn't
            # got from KHS, without having seen it.
            return dialogs.go(request, reverse("orders:line", args=[dialog.state.key, name]))
        value = dialog.value(name)
        if value is None:
            if dialog.state.typed(name) is None:
                dialog.state.keep(name, {})
            return _page(request, dialog, name, dialog.form(name))
        values |= value
    try:
        made = carts.put_all(
            dialog.cart,
            dialog.wishes(values["comment"]),
            line=dialog.line,
            dialog_key=dialog.state.key,
        )
    except DomainError as fault:
        step = STEP_OF_FIELD.get(fault.field or "", "antal")
        if dialog.state.typed(step) is None:
            dialog.state.keep(step, _presets(dialog.form(step)))
        form = dialog.form(step)
        form.add_error(fault.field if fault.field in form.fields else None, fault.message)
        return _page(request, dialog, step, form)
    changed = "line" in dialog.state.facts
    dialog.state.end()
    told = preview.sentence(preview.put(dialog.cart, made), dialog.article.name)
    messages.success(request, told)
    if changed:
        return dialogs.leave(request, reverse("orders:checkout"))
    return dialogs.leave(request, f"{reverse('articles:search')}?ny=1")


def _error(form: forms.Form) -> str:
    """What belongs to no field."""
    return " ".join(form.non_field_errors()) if form.is_bound and form.errors else ""


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
    attached = dialog.cart.attachments.filter(dialog_key=key)
    context = {
        "form": form,
        "article": dialog.article,
        "cart": dialog.cart,
        "preview": dialog.preview if step != "ersattning" else [],
        "main_count": len([x for x in dialog.preview if not x.component_of_id]) or 1,
        "component_count": len([x for x in dialog.preview if x.component_of_id]),
        "offer": dialog.offer,
        "offered": dialog.offered if step == "komponenter" else None,
        "lacks_components": step == "komponenter" and dialog.lacks_components,
        "attachments": attached,
        "step": step,
        "refusal": dialog.refusal,
        "dialog": {
            "title": "Beställd artikel",
            "whom": whose.band(request, dialog.cart, "Beställd artikel"),
            "url": reverse("orders:line", args=[key, step]),
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
            "finish": "" if dialog.refusal else "Fortsätt",
            "next": "Nästa" if at + 1 < len(steps) and not dialog.refusal else "",
            "enter": "refresh" if step == "komponenter" else "",  # «Sök komponenter»
            "multipart": step == "kommentar",
            "error": dialog.refusal or _error(form),
        },
    }
    status = 422 if form.is_bound and form.errors and not fresh else 200
    return dialogs.show(request, f"orders/line_{step}.html", context, status=status)
