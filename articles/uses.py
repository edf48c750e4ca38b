"""«Används av»: what an article is used by, shown in its register."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from organisation.long_lists import MOST
from sesam.templatetags.sesam import tal

from .models import Article, Fit, ReplacementMember, StandardComponent
from .slots import article_uses


class ArticleFilter(admin.SimpleListFilter):
    """A list of the back office narrowed to what has one article, by the link that counts it; offered
    only while it is set."""

    title = "artikel"
    parameter_name = "artikel"

    def having(self, queryset: QuerySet[Any], article: int) -> QuerySet[Any]:
        return queryset.filter(article=article)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        number = self.value()
        return [(number, number)] if number else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        article = Article.objects.filter(number=self.value()).values_list("pk", flat=True).first()
        return queryset.none() if article is None else self.having(queryset, article)


def listed(page: str) -> Any:
    """For a use's ``url``: the list ``page``, narrowed to the article."""
    return lambda article: f"{reverse(page)}?artikel={article.number}"


@dataclass(frozen=True)
class Used:
    """A line of «Används av»."""

    label: str
    words: str
    url: str = ""


def counted(found: QuerySet[Any]) -> int:
    """How many there are, as far as anybody counts."""
    return found.order_by().values("pk")[: MOST + 1].count()


def _either(found: QuerySet[Any, Any], others: QuerySet[Any, Any]) -> int:
    """How many there are in the one or the other."""
    return found.order_by().union(others.order_by())[: MOST + 1].count()


def used(request: HttpRequest, article: Article) -> list[Used]:
    """What the article is used by, in other registers and by those above; without what doesn't."""
    lines = [
        Used(use.label, _words(count), use.url(article))
        for use in article_uses.open_to(request, article)
        if (count := use.count(article))
    ]
    has_it = StandardComponent.objects.filter(component=article).values("article")
    if count := _either(has_it, Fit.objects.filter(part=article).values("main")):
        kind = "artikel" if count == 1 else "artiklar"
        lines.append(Used("Komponent till", f"{_words(count)} {kind}"))
    member = ReplacementMember.objects.select_related("group").filter(article=article).first()
    if member is not None:
        lines.append(Used("Ersättningsgrupp", str(member.group), _register_of(member.group)))
    return lines


def _words(count: int) -> str:
    return f"fler än {tal(MOST)}" if count > MOST else tal(count)


def _register_of(record: Model) -> str:
    meta = record._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[record.pk])
