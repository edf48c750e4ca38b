"""The articles that a user has marked with a star: «Favoriter»."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from organisation.models import User
from organisation.permissions import CARE, UserRequest, roles
from sesam.escaping import escaped
from sesam.templatetags.sesam import icon_html

from .models import Article, Favourite

#: The form that a page with stars has once; a star names it.
FORM = "favorit"
ON, OFF = "pa", "av"


def star_html(number: str, name: str, *, is_on: bool, css: str = "icon-button") -> SafeString:
    """The star of an article: a button that says which way it turns, so that sending it twice is
    sending it once."""
    key = escaped(number)
    words = "" if css == "icon-button" else "Favorit"
    return SafeString(
        f'<button class="{css} star" form="{FORM}" id="favorit-{key}" name="{OFF if is_on else ON}"'
        f' value="{key}" aria-pressed="{"true" if is_on else "false"}"'
        f' aria-label="Favorit {escaped(name)}" data-star>{icon_html("star", 20)}{words}</button>'
    )


def is_favourite(user: User, article: Article) -> bool:
    return Favourite.objects.filter(user=user, article=article).exists()


@roles(*CARE)
@require_POST
def mark(request: UserRequest) -> HttpResponse:
    """Set or take away a star, and go back to ``nasta``; a script gets the star alone."""
    is_on = ON in request.POST
    number = request.POST.get(ON if is_on else OFF, "")
    article = Article.objects.filter(number=number).first()
    if article is None:  # gone meanwhile: then it has no star
        return HttpResponse(status=204) if request.htmx else _back(request, "")
    if is_on:
        Favourite.objects.bulk_create(
            [Favourite(user=request.user, article=article)], ignore_conflicts=True
        )
    else:
        Favourite.objects.filter(user=request.user, article=article).delete()
    if request.htmx:
        css = "btn btn-outline-primary" if "knapp" in request.GET else "icon-button"
        return HttpResponse(star_html(article.number, article.name, is_on=is_on, css=css))
    return _back(request, f"#favorit-{article.number}")


def _back(request: UserRequest, place: str) -> HttpResponse:
    back = request.POST.get("nasta", "/")
    if not url_has_allowed_host_and_scheme(back, None):
        back = "/"
    return HttpResponseRedirect(back.split("#")[0] + place)
