"""An article's photo: drawn anew and small when KHS sends it in, shown on the article's page and, as a
thumbnail, wherever the drawing of its group would stand."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe
from PIL import Image

from organisation.permissions import CARE, UserRequest, roles
from sesam import attachments
from sesam.errors import DomainError
from sesam.links import links

from .models import Article

#: The longer side: it is shown at 232 px, and a screen may have three points to each.
SIDE = 700
#: Of a thumbnail, which stands at 36 or 44 px.
SMALL, SMALL_SIDE = "liten", 88


class PictureForm(forms.Form):
    file = forms.FileField(label="Foto", help_text="En bild, JPEG eller PNG.")


def url_of(article: Article) -> str:
    """Empty without a photo. Another photo has another address, so that browsers may keep it."""
    if not (name := article.picture.name):
        return ""
    return f"{reverse('articles:picture', args=[article.number])}?v={name[-8:]}"


def small_url(number: str, name: str) -> str:
    """The thumbnail's address, by an article's number and its picture's name. No query."""
    return f"{_addresses()(number)}?{SMALL}=1&v={name[-8:]}" if name else ""


@lru_cache(maxsize=1)
def _addresses() -> Callable[[Any], str]:
    return links("articles:picture")


def keep(article: Article, upload: UploadedFile[bytes]) -> None:
    """Take in a photo instead of the one there is; raises ``DomainError`` for what is none."""
    clean = attachments.clean(upload)
    if clean.content_type not in attachments.PICTURES:
        raise DomainError("Välj en bild, JPEG eller PNG.", field="file")
    with Image.open(BytesIO(clean.file.read())) as picture:
        picture.thumbnail((SIDE, SIDE))
        ground = Image.new("RGB", picture.size, "white")
        ground.paste(picture, mask=picture.getchannel("A") if "A" in picture.getbands() else None)
    small = BytesIO()
    ground.save(small, "JPEG", quality=85)
    _replace(article, ContentFile(small.getvalue()))


def remove(article: Article) -> None:
    _replace(article, None)


def _replace(article: Article, content: ContentFile[bytes] | None) -> None:
    with transaction.atomic():
        article = Article.objects.select_for_update().get(pk=article.pk)
        storage, old = article.picture.storage, article.picture.name
        if content is None:
            article.picture = ""
        else:
            article.picture.save("foto.jpg", content, save=False)
        article.save(update_fields=["picture"])
        if old:
            transaction.on_commit(lambda: storage.delete(old))


def _small(file: File[bytes]) -> BytesIO:
    with Image.open(file) as picture:
        picture.draft("RGB", (SMALL_SIDE, SMALL_SIDE))  # reads no more of it than that takes
        picture.thumbnail((SMALL_SIDE, SMALL_SIDE))
        small = BytesIO()
        picture.save(small, "JPEG", quality=80)
    small.seek(0)
    return small


@roles(*CARE)
@require_safe
def picture(request: UserRequest, number: str) -> FileResponse:
    """The photo, to be shown on a page. The thumbnail is made for each browser once, which keeps it."""
    article = get_object_or_404(Article.objects.exclude(picture=""), number=number)
    file = attachments.opened(article.picture)
    if SMALL in request.GET:
        with file:
            answer = FileResponse(_small(file), content_type="image/jpeg")
    else:
        answer = FileResponse(file, content_type="image/jpeg")
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["Cache-Control"] = "private, max-age=31536000, immutable"
    return answer


def picture_view(model_admin: admin.ModelAdmin[Any], request: UserRequest, pk: int) -> HttpResponse:
    """KHS's page for the photo: send one in, or take it away."""
    article = get_object_or_404(Article, pk=pk)
    form = PictureForm()
    if request.method == "POST" and "remove" in request.POST:
        remove(article)
        messages.success(request, "Fotot är borttaget.")
        return redirect("admin:articles_article_picture", pk)
    if request.method == "POST":
        form = PictureForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                keep(article, form.cleaned_data["file"])
            except DomainError as fault:
                form.add_error("file", fault.message)
            else:
                messages.success(request, "Fotot är sparat.")
                return redirect("admin:articles_article_picture", pk)
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": f"Foto på {article}",
        "article": article,
        "picture_url": url_of(article),
        "form": form,
    }
    return TemplateResponse(
        request,
        "admin/articles/article/picture.html",
        context,
        status=422 if form.errors else 200,
    )
