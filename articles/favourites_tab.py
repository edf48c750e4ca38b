"""«Favoriter» on «Min sida»."""

from __future__ import annotations

from django.http import HttpRequest

from organisation.models import User
from sesam.links import links
from sesam.places import TabContent
from sesam.status_looks import show_as
from sesam.tables import CodeColumn, LinkColumn, StatusColumn, Table, by_number

from .models import Favourite

TAB = "favoriter"
ORDERABLE, GONE = "Kan beställas", "Utgått"
show_as({ORDERABLE: ("circle-check", "green")})


def _article_address(favourite: Favourite) -> str:
    return links("articles:detail")(favourite.article.number)


class FavouriteTable(Table[Favourite]):
    """The user's stars, in order of the articles' names; what can't be ordered any more says so."""

    columns = (
        CodeColumn("number", "Artikelnr", "article.number", sort=by_number("article__number")),
        LinkColumn(
            "name",
            "Benämning",
            "article.name",
            url=_article_address,
            sort=("article__sort_key", "article__name"),
        ),
        StatusColumn(
            "state", "Läge", lambda row: GONE if row.article.is_discontinued else ORDERABLE
        ),
    )
    order = "name"
    dom_id = "favoriter"
    caption = "Favoriter"
    noun = ("favorit", "favoriter")
    empty_text = "Inga favoriter"
    empty_hint = "Märk en artikel med stjärnan, så står den här."


def count(request: HttpRequest, user: User) -> int:
    return Favourite.objects.filter(user=user).count()


def build(request: HttpRequest, user: User) -> TabContent:
    found = Favourite.objects.filter(user=user).select_related("article")
    return TabContent(table=FavouriteTable.fetch(request, found))
