"""The article that «Beställ» was pressed on before it was known to whom."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest
from django.utils import timezone

from articles.models import Article
from sesam.dialogs import Dialog
from sesam.models import DialogState

KIND = "waiting-article"
WAITS = dt.timedelta(minutes=30)


def keep(request: HttpRequest, article: Article) -> None:
    """Its dialog opens as soon as an order is started. The latest that was pressed on counts."""
    Dialog.start(request, KIND, article=article.number)


def take(request: HttpRequest) -> str:
    """The number of the article that waits; after this none does."""
    mine = DialogState.objects.filter(user=request.user.pk, kind=KIND)
    waiting = mine.filter(made_at__gt=timezone.now() - WAITS).order_by("made_at").last()
    if waiting is None:
        return ""
    mine.delete()
    return str(waiting.facts["article"])
