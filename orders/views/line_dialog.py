"""The dialog «Beställd artikel»: how many and from where, components, comment and files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from articles.models import Article, ArticleType, Fit
from individuals.models import Individual
from individuals.warranty import UnderWarranty, covered
from organisation.models import Source, Warehouse
from sesam import dialogs
from sesam.dialogs import Dialog, form_data
from sesam.errors import DomainError
from sesam.steps import Step, StepDialog

from .. import cart as carts
from .. import components, preview, replacement
from ..line_forms import (
    CommentForm,
    ComponentsForm,
    QuantityForm,
    ReplacementForm,
    available_in,
)
from ..models import Cart, CartLine
from ..rules import Wish, own_order_fault
from ..shown import CartRow
from . import whose

QUANTITY, REPLACEMENT = "antal", "ersattning"
COMPONENTS, COMMENT = "komponenter", "kommentar"
MOST_COVERED = 5  # pieces under warranty that are told of
# What the spread over other articles answers.
ASKED = ("quantity", "source", "warehouse")


class LineDialog(StepDialog):
    """A line to be, or one that is changed, of the order that it was opened for and no other."""

    kind = "order-line"
    title = "Beställd artikel"
    url_name = "orders:line"
    all_steps = (
        Step(QUANTITY, "Artikel", "orders/line_antal.html"),
        Step(REPLACEMENT, "Ersättningsartiklar", "orders/line_ersattning.html"),
        # Enter is «Sök komponenter»
        Step(COMPONENTS, "Komponenter", "orders/line_komponenter.html", enter="refresh"),
        Step(COMMENT, "Kommentar", "orders/line_kommentar.html", has_files=True),
    )
    finish_label = ""  # «Fortsätt» stands on every step

    def __init__(self, state: Dialog, cart: Cart, article: Article) -> None:
        super().__init__(state)
        self.cart, self.article = cart, article

    @classmethod
    def begin(cls, request: HttpRequest, cart: Cart, article: Article, **facts: Any) -> LineDialog:
        """Open one for this order."""
        state = Dialog.start(
            request,
            cls.kind,
            about=carts.about(cart),
            order=str(cart.token),
            article=article.number,
            **facts,
        )
        return cls(state, cart, article)

    @classmethod
    def open(cls, state: Dialog) -> LineDialog | None:
        request, token = state.request, state.facts.get("order", "")
        cart = carts.of_request(request)
        if cart is None or str(cart.token) != token:
            cart = whose.was(request, token)
        if cart is None:
            return None
        articles = Article.objects.select_related("supplier")
        return cls(state, cart, get_object_or_404(articles, number=state.facts["article"]))

    @classmethod
    def ended(cls, request: HttpRequest) -> HttpResponse:
        return dialogs.leave(request, reverse("orders:cart"))

    def stopped(self) -> HttpResponse | None:
        """Stops where the order in progress is no longer the dialog's. What was typed is kept in the
        dialog, for when the order is taken up again, and shown."""
        if carts.of_request(self.request) == self.cart:
            return None
        typed = [self.form(step.name) for step in self.steps if self.state.typed(step.name)]
        return whose.stopped(self.request, self.cart, typed=typed, article=self.article)

    # --- what the steps say ---

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        left_out = set()
        if self.offer is None:
            left_out.add(REPLACEMENT)
        if self.article.type != ArticleType.MAIN:
            left_out.add(COMPONENTS)
        return tuple(step for step in self.all_steps if step.name not in left_out)

    def _has(self, step: str) -> bool:
        return any(mine.name == step for mine in self.steps)

    @cached_property
    def offer(self) -> replacement.Offer | None:
        """What may stand in, where KHS's warehouse has too little of the article."""
        asked = self.answer(QUANTITY)
        if asked is None or asked["source"] != Source.CENTRAL:
            return None
        return replacement.offer(
            self.cart, self.article, asked["warehouse"], asked["quantity"], besides=self.line
        )

    @cached_property
    def shares(self) -> list[tuple[Article, int]]:
        """The articles that are ordered, and how many of each."""
        if self.offer is not None:
            form = cast(ReplacementForm, self.form(REPLACEMENT))
            if form.is_bound and self.answer(REPLACEMENT) is not None:
                return form.shares()
        asked = self.answer(QUANTITY)
        return [(self.article, asked["quantity"] if asked else 1)]

    @cached_property
    def offered(self) -> components.Offered:
        """The components to choose among."""
        typed = form_data(self.state.typed(COMPONENTS)) or MultiValueDict()
        asked = self.answer(QUANTITY)
        return components.offered(
            [article for article, _ in self.shares],
            words=typed.get("search", ""),
            picked=typed.getlist("others"),
            warehouse=asked["warehouse"] if asked else None,
        )

    @cached_property
    def chosen(self) -> list[str]:
        """The numbers of the components that come along, each once."""
        if not self._has(COMPONENTS):
            return []
        said = self.answer(COMPONENTS) or {}
        both = [*said.get("components", []), *said.get("others", [])]
        return list(dict.fromkeys(both))

    def wishes(self, comment: str = "") -> list[Wish]:
        """A line for each article that is ordered, with the components that go with it; none
        before it is known how many and from where."""
        asked = self.answer(QUANTITY)
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
    def preview(self) -> list[CartRow]:
        """The lines that «Fortsätt» would make as it stands now."""
        return preview.lines(self.cart, self.wishes(), besides=self.line)

    @property
    def lacks_components(self) -> bool:
        """Whether a component would be ordered from KHS, because the own store has none."""
        return any(
            row.line.component_of_id and not row.is_own
            for row in self.preview
            if self.preview[0].is_own
        )

    @cached_property
    def refusal(self) -> str:
        """Why the article can't share this order: told before anything is typed."""
        fault = own_order_fault(self.cart, self.article, self.line)
        return fault.message if fault else ""

    @cached_property
    def stores(self) -> list[Warehouse]:
        """Where the article may be delivered from."""
        return carts.warehouses(self.cart.user, self.cart.unit)

    @cached_property
    def available(self) -> dict[int, int]:
        """How many of it each of them has; the form is built twice."""
        return available_in(self.stores, self.cart, self.article, self.line)

    @property
    def changes_a_line(self) -> bool:
        return "line" in self.state.facts

    @cached_property
    def line(self) -> CartLine | None:
        """The line that is changed, where it is still there."""
        if not self.changes_a_line:
            return None
        return self.cart.lines.filter(pk=self.state.facts["line"]).first()

    def build(self, step: str, data: MultiValueDict[str, Any] | None) -> forms.Form:
        if step == QUANTITY:
            return QuantityForm(
                data,
                cart=self.cart,
                article=self.article,
                line=self.line,
                refusal=self.refusal,
                stores=self.stores,
                available=self.available,
            )
        if step == REPLACEMENT and self.offer is not None:
            return ReplacementForm(data, offer=self.offer)
        if step == COMPONENTS:
            return ComponentsForm(_only_offered(data, self.offered), offered=self.offered)
        return CommentForm(data, article=self.article)

    def must_be_seen(self, step: str) -> bool:
        """Nobody gets another article than the one they chose, or one that the store hasn't got
        from KHS, without having seen it; all else may stand as it is preset."""
        return step == REPLACEMENT or (step == COMPONENTS and self.lacks_components)

    def retyped(self, step: str, before: dict[str, Any] | None) -> None:
        after = self.state.typed(step) or {}
        if step == QUANTITY and any((before or {}).get(n) != after.get(n) for n in ASKED):
            self.state.forget(REPLACEMENT)

    def take_file(self) -> None:
        upload = self.request.FILES.get("file")
        if upload is not None:
            user = self.cart.user
            carts.attach(self.cart, upload, user=user, dialog_key=self.state.key)

    def _counted(self) -> Counted:
        mains = [row.line for row in self.preview if not row.line.component_of_id]
        parts = [row.line for row in self.preview if row.line.component_of_id]
        names = {line.article.name for line in mains} or {self.article.name}
        asked = self.answer(QUANTITY)
        return Counted(
            mains=sum(line.quantity for line in mains) or (asked["quantity"] if asked else 1),
            name=names.pop() if len(names) == 1 else "hjälpmedel",
            components=sum(line.quantity for line in parts),
        )

    # --- the line ---

    def create(self, said: dict[str, dict[str, Any]]) -> tuple[str, HttpResponse]:
        made = carts.put_all(
            self.cart,
            self.wishes(said[COMMENT]["comment"]),
            line=self.line,
            dialog_key=self.state.key,
        )
        told = preview.sentence(preview.put(self.cart, made), self.article.name)
        messages.success(self.request, told)
        if self.changes_a_line:
            return "", dialogs.leave(self.request, reverse("orders:checkout"))
        return "", dialogs.leave(self.request, f"{reverse('articles:search')}?ny=1")

    def blame(self, fault: DomainError) -> str:
        of_field = {
            "comment": COMMENT,
            "file": COMMENT,
            "components": COMPONENTS,
            "backlog": REPLACEMENT,
        }
        return of_field.get(fault.field or "", QUANTITY)

    # --- the pages ---

    def error(self, form: forms.BaseForm) -> str:
        return self.refusal or super().error(form)

    def frame(self, step: str) -> dict[str, Any]:
        article = reverse("articles:detail", args=[self.article.number])
        goes_on = step != self.steps[-1].name and not self.refusal
        return {
            "whom": whose.band(self.request, self.cart, self.title),
            "cancel_url": reverse("orders:checkout") if self.changes_a_line else article,
            "finish": "" if self.refusal else "Fortsätt",
            "next": "Nästa" if goes_on else "",
        }

    def context(self, step: str, form: forms.BaseForm) -> dict[str, Any]:
        return {
            "article": self.article,
            "cart": self.cart,
            "preview": self.preview if step != REPLACEMENT else [],
            "counted": self._counted(),
            "offer": self.offer,
            "offered": self.offered if step == COMPONENTS else None,
            "lacks_components": step == COMPONENTS and self.lacks_components,
            "attachments": self.cart.attachments.filter(dialog_key=self.state.key),
            "refusal": self.refusal,
            "covered": self._covered() if step == QUANTITY else [],
        }

    def _covered(self) -> list[UnderWarranty]:
        """What the recipient has under warranty that the spare part is for, as far as is known."""
        if self.article.type != ArticleType.SPARE_PART or self.cart.recipient_id is None:
            return []
        held = Individual.objects.filter(
            loans__recipient=self.cart.recipient_id,
            loans__ended_at=None,
            warranty_until__gte=timezone.localdate(),
        )
        mains = list(Fit.objects.filter(part=self.article).values_list("main", flat=True))
        if mains:
            held = held.filter(article__in=mains)
        found = held.select_related("article").order_by("number")[:MOST_COVERED]
        return covered(self.request, found)


@dataclass(frozen=True)
class Counted:
    """What it all comes to: so many pieces, called so, with so many components."""

    mains: int
    name: str
    components: int


def _only_offered(
    data: MultiValueDict[str, Any] | None, offered: components.Offered
) -> MultiValueDict[str, Any] | None:
    """Without what is no longer offered, because the article that goes out is another."""
    if data is None:
        return None
    kept = data.copy()
    for name, choices in (("components", offered.standard), ("others", offered.others)):
        kept.setlist(name, [number for number in data.getlist(name) if number in choices])
    return kept
