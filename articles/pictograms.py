"""What stands for an article in lists, panels and lines: its photo, or the drawing of its ISO 9999
group."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any, Protocol

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .models import Article, ArticleType
from .pictures import small_url

# The longest prefix of the ISO code wins. Names are those of static/icons.svg, after «aid-».
OF_GROUP = {
    "1222": "wheelchair-manual",
    "1224": "wheelchair-manual",
    "1223": "wheelchair-electric",
    "1203": "rollator",
    "1206": "rollator",
    "1812": "bed",
    "043306": "mattress",
    "1231": "mattress",
    "1236": "hoist",
    "0912": "hygiene",
    "0933": "shower",
    "043303": "cushion",
    "1809": "cushion",
    "1810": "cushion",
    "1830": "ramp",
    "22": "communication",
    "2227": "alarm",
    "2228": "alarm",
    "2229": "alarm",
}
SPARE_PART, OTHER = "spare-part", "other"
IN_LISTS = 36  # px: a list of fifty needn't say so of each


@lru_cache(maxsize=4096)  # a list asks twice of each row
def pictogram_of(iso_code: str, article_type: str = "") -> str:
    """The name of the drawing for an article of this ISO code and type."""
    if article_type == ArticleType.SPARE_PART:
        return SPARE_PART
    code = iso_code.replace(" ", "")
    prefixes = (code[:length] for length in range(len(code), 1, -1))
    return next((OF_GROUP[prefix] for prefix in prefixes if prefix in OF_GROUP), OTHER)


class Drawn(Protocol):
    """A row of a list that stands for an article."""

    iso_code: str
    article_type: str
    article_number: str
    picture: str  # its name in the storage; empty without one


class WithPictograms:
    """A list whose rows are articles, or are about one: draws their photos or pictograms, but not
    where every row would show the same one."""

    rows: list[Any]

    @cached_property
    def _varied(self) -> bool:
        names = {row.picture or pictogram_of(row.iso_code, row.article_type) for row in self.rows}
        return len(names) > 1 or len(self.rows) == 1

    def pictogram(self, row: Drawn) -> str:
        """The row's photo or drawing, or nothing."""
        if not self._varied:
            return ""
        if row.picture:
            return thumbnail_html(small_url(row.article_number, row.picture))
        return pictogram_html(pictogram_of(row.iso_code, row.article_type))


def drawing_of(article: Article, size: int = IN_LISTS) -> SafeString:
    """The article's photo, or the drawing of its group."""
    if name := article.picture.name:
        return thumbnail_html(small_url(article.number, name), size)
    return pictogram_html(pictogram_of(article.iso_code, article.type), size)


def _of_size(size: int) -> str:
    return "" if size == IN_LISTS else f" pictogram-{size}"


def thumbnail_html(url: str, size: int = IN_LISTS) -> SafeString:
    """A photo in the drawing's place; decoration too, and fetched when it comes into view."""
    return format_html(
        '<img class="pictogram{0}" src="{1}" width="{2}" height="{2}" alt="" loading="lazy">',
        _of_size(size),
        url,
        size,
    )


@lru_cache(maxsize=64)
def pictogram_html(name: str, size: int = IN_LISTS) -> SafeString:
    """The drawing on its tile; decoration, for the name always stands beside it."""
    return format_html(
        '<svg class="pictogram{}" aria-hidden="true"><use href="{}#aid-{}"/></svg>',
        _of_size(size),
        static("icons.svg"),
        name,
    )
