"""«Sortimentskataloger»: the ISO 9999 tree with the articles that can be ordered hung on it.

An article hangs at ``iso_class``, the nearest class that the edition knows; those without one
make the last branch. What has been discontinued is no longer in the assortment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse

from sesam.tables import CodeColumn, Column, LinkColumn, Table, by_number

from .models import Article, IsoClass
from .tables import OrderColumn, article_url, iso_text

#: The address of the branch that holds articles without a class.
WITHOUT = "utan"
WITHOUT_TITLE = "Utan ISO-kod"
MOST_NAMED = 6


@dataclass(slots=True)
class Branch:
    """A class of the tree. ``count`` is of the articles in all of it."""

    code: str
    title: str
    count: int = 0
    children: list[Branch] = field(default_factory=list)
    is_open: bool = False
    is_current: bool = False

    @property
    def code_text(self) -> str:
        return iso_text(self.code) if self.code != WITHOUT else ""

    @property
    def url(self) -> str:
        return reverse("articles:assortment_branch", args=[self.code])

    @property
    def label(self) -> str:
        """Code and title: what the branch is called where both stand together."""
        return f"{self.code_text} {self.title}".strip()


_CHAPTERS = """
    WITH chapters AS (
        SELECT code, title, lead(code, 1, '9999999') OVER (ORDER BY code) AS next
        FROM articles_isoclass WHERE level = 1
    )
    SELECT c.code, c.title, (SELECT coalesce(sum(n.articles), 0) FROM articles_classcount n
        WHERE n.iso_class_id >= c.code AND n.iso_class_id < c.next)
    FROM chapters c
    UNION ALL
    SELECT NULL, NULL, (SELECT count(*) FROM articles_article a
        WHERE NOT a.is_discontinued AND a.iso_class_id IS NULL)
    ORDER BY 1
"""


def top_branches() -> list[Branch]:
    """The uppermost branches of the tree alone, with their counts."""
    with connection.cursor() as cursor:
        cursor.execute(_CHAPTERS)
        return [
            Branch(code, title, count) if code else Branch(WITHOUT, WITHOUT_TITLE, count)
            for code, title, count in cursor.fetchall()
        ]


class Tree:
    """All branches with their counts. One query, whatever their number."""

    _SQL = """
        SELECT c.code, c.title, coalesce(n.articles, 0)
        FROM articles_isoclass c LEFT JOIN articles_classcount n ON n.iso_class_id = c.code
        UNION ALL
        SELECT NULL, NULL, (SELECT count(*) FROM articles_article a
            WHERE NOT a.is_discontinued AND a.iso_class_id IS NULL)
        ORDER BY 1
    """

    def __init__(self) -> None:
        self.known: dict[str, Branch] = {}
        without = Branch(WITHOUT, WITHOUT_TITLE)
        self.top: list[Branch] = []
        with connection.cursor() as cursor:
            cursor.execute(self._SQL)
            for code, title, count in cursor.fetchall():
                if code is None:
                    without.count = count
                else:
                    self._hang(Branch(code, title), count)
        self.known[WITHOUT] = without
        self.top.append(without)

    def _hang(self, branch: Branch, count: int) -> None:
        """Put a branch below its parent, which comes first, and count upwards."""
        self.known[branch.code] = branch
        parent = self.known.get(branch.code[:-2])
        (parent.children if parent else self.top).append(branch)
        for end in range(len(branch.code), 0, -2):
            if above := self.known.get(branch.code[:end]):
                above.count += count

    def path(self, code: str) -> list[Branch]:
        """The branch of ``code`` with those above it, the top one first; marks them open."""
        if code == WITHOUT:
            path = [self.known[WITHOUT]]
        else:
            ends = range(2, len(code) + 1, 2)
            path = [self.known[code[:end]] for end in ends if code[:end] in self.known]
        for branch in path:
            branch.is_open = True
        path[-1].is_current = True
        return path


def named(words: Iterable[str]) -> list[Branch]:
    """Branches with articles whose title has all the words, those that begin with the first before the
    others. One query."""
    wanted = [word.casefold() for word in words]
    if not wanted:
        return []
    found = [
        branch
        for branch in Tree().known.values()
        if branch.count
        and branch.code != WITHOUT
        and all(word in branch.title.casefold() for word in wanted)
    ]
    found.sort(key=lambda branch: not branch.title.casefold().startswith(wanted[0]))
    return found[:MOST_NAMED]


def nearest(typed: str) -> str | None:
    """The code of the class that a typed code means: itself, else its nearest known parent.

    Spaces, dots and hyphens between the digits don't matter. None for what is no code.
    """
    code = re.sub(r"[\s.\-\u2013]", "", typed)
    if not (code.isascii() and code.isdigit()) or len(code) > 12:
        return None
    above = [code[:end] for end in range(len(code), 1, -1)]
    known = set(IsoClass.objects.filter(code__in=above).values_list("code", flat=True))
    return next((c for c in above if c in known), None)


def articles(code: str) -> QuerySet[Article]:
    """The articles in a branch; how many there are in all, the tree knows.

    By name a large branch is read from the index of names, a small one from that of classes.
    """
    wanted = Article.objects.filter(is_discontinued=False).select_related("supplier")
    if code == WITHOUT:
        return wanted.filter(iso_class=None)
    return wanted.filter(iso_class__code__startswith=code)


class AssortmentTable(Table[Article]):
    """The articles of a branch; no availability here."""

    columns = (
        CodeColumn("number", "Artikelnr", sort=by_number("number")),
        LinkColumn("name", "Benämning", url=article_url, sort=("sort_key", "name")),
        Column(
            "supplier",
            "Leverantör",
            lambda article: article.supplier and article.supplier.name,
            sort=("supplier__sort_key", "sort_key"),
            nullable=True,
            priority=2,
        ),
        OrderColumn("act", "Beställ"),
    )
    order = "name"
    dom_id = "artiklar"
    caption = "Artiklar"
    noun = ("artikel", "artiklar")
    count_note = "tillgänglighet visas inte här"
    empty_text = "Inga artiklar här"
    empty_hint = "Sortimentet har ingen artikel i den här grenen. Välj en annan, eller sök artikel."
    empty_icon = "search"
    empty_action = "Sök artikel"
