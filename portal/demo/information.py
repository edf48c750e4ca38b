"""The demo's news and documents."""

import datetime as dt

from django.core.files.base import ContentFile
from django.utils import timezone

from organisation.permissions import BUFFERT
from portal.models import Document, DocumentHeading, News

from .files import FOLDER


def load() -> None:
    today = timezone.localdate()
    for days, title, body, facts in (
        (9, "Ändrade leveransdagar vecka 52 och 53",
         "<p>Sista beställningsdag för leverans före jul är 17 december.</p>", {}),
        (17, "Cross 5 ersätts av Cross 6",
         "<p>37121 är slut hos leverantören. 43027 erbjuds i första hand.</p>", {}),
        (31, "Så fyller du i portkod och vägbeskrivning",
         "<p>Chauffören ser det du skriver under Leveransanvisning.</p><ol><li>Skriv portkoden i"
         " fältet Port.</li><li>Skriv våning och vägen dit.</li></ol>", {}),
        (3, "Inventering av egna förråd", "<p>Räkna förrådet senast fredag vecka 50.</p>",
         {"role": BUFFERT}),
    ):  # fmt: skip
        News.objects.create(
            title=title, body=body, published_from=today - dt.timedelta(days=days), **facts
        )
    for position, (heading, title, file) in enumerate(
        (
            ("Blanketter", "Anvisning vid specialanpassning", "anvisning-specialanpassning.pdf"),
            ("Bruksanvisningar", "Bruksanvisning till Rullstol Cross", "bruksanvisning.pdf"),
        )
    ):
        under = DocumentHeading.objects.create(name=heading, position=position)
        content = (FOLDER / file).read_bytes()
        Document.objects.create(
            heading=under, title=title, file=ContentFile(content, name="x"),
            name=f"{title}.pdf", content_type="application/pdf", size=len(content),
        )  # fmt: skip
