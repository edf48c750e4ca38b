"""Where higher apps add themselves to pages of articles and stores."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

from organisation.models import User, Warehouse
from sesam.places import Button, CreateItem, Entry, Link, LinkSlot, Slot, Tab, TabSlot

from .counting import CountedRow
from .models import Article, Balance


@dataclass(frozen=True, kw_only=True)
class TypedArticle(Entry[str]):
    """Where the search leads whose exact article number was typed.

    The form carries ``carried`` under ``carries``, as it was when the page was drawn: another tab
    may have changed since what the address means.
    """

    url: Callable[[HttpRequest, str], str]
    carries: str = ""
    carried: Callable[[HttpRequest], str] = lambda request: ""


@dataclass(frozen=True, kw_only=True)
class PieceCount(Link[CountedRow]):
    """How a marked article is counted."""


@dataclass(frozen=True, kw_only=True)
class ArticleUse(Entry[Article]):
    """A line of «Används av» in an article's register: how many there are, as far as anybody counts
    (``organisation.long_lists.MOST``), and where they are listed, if anywhere."""

    label: str
    count: Callable[[Article], int]
    url: Callable[[Article], str] = lambda article: ""


@dataclass(frozen=True)
class Offer:
    """An article in a warehouse, as it can be had there today."""

    article: Article
    warehouse: Warehouse
    available: int
    expected_on: dt.date | None


@dataclass(frozen=True, kw_only=True)
class Outlook(Entry[Offer]):
    """When one comes that is ordered today; None where nobody knows."""

    day: Callable[[HttpRequest, Offer], dt.date | None]


@dataclass(frozen=True, kw_only=True)
class ExpectedMoved(Entry[Balance]):
    """What is done when KHS has moved the day on which more is expected."""

    told: Callable[[Balance, User], object]


expected_moved = Slot[ExpectedMoved]("expected_moved")
#: The first that is open to the user says.
outlooks = Slot[Outlook]("outlooks")
#: «Beställ», on the article's page and on rows that are an article or know its number and name.
article_buttons = LinkSlot[Button[Article]]("article_buttons")
#: The first that is open to the user leads; else the article's page.
typed_articles = Slot[TypedArticle]("typed_articles")
article_uses = Slot[ArticleUse]("article_uses")
piece_counts = LinkSlot[PieceCount]("piece_counts")
store_tabs = TabSlot[Tab[Warehouse]]("store_tabs")
store_buttons = LinkSlot[Button[Warehouse]]("store_buttons")
store_create = LinkSlot[CreateItem[Warehouse]]("store_create")


def where_typed(request: HttpRequest, number: str) -> str:
    """Where the exact number leads while an order is in progress; empty: to the article's page."""
    return next((x.url(request, number) for x in typed_articles.open_to(request, number)), "")


def carried(request: HttpRequest) -> list[tuple[str, str]]:
    """Name and value of the hidden fields of a form that a number may be typed in."""
    known = [(x.carries, x.carried(request)) for x in typed_articles if x.carries]
    return [(name, value) for name, value in known if value]
