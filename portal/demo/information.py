"""The demo's news and documents."""

import datetime as dt

from django.core.files.base import ContentFile
from django.utils import timezone

from organisation.permissions import BUFFERT
from portal.models import Document, DocumentHeading, News

# A page with nothing on it.
_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count"
    b" 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


def load() -> None:
    today = timezone.localdate()
    for days, title, body, facts in (
        (9, "Ändrade leveransdagar vecka 52 och 53",
         "<p>Sista beställningsdag för leverans före jul är torsdag 17 december.</p>", {}),
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
    for position, (heading, titles) in enumerate(
        (
            ("Blanketter", ("Anvisning vid specialanpassning", "Fullmakt för hämtning")),
            ("Riktlinjer", ("Förskrivarinformation",)),
        )
    ):
        under = DocumentHeading.objects.create(name=heading, position=position)
        for title in titles:
            Document.objects.create(
                heading=under, title=title, file=ContentFile(_PDF, name="x"),
                name=f"{title}.pdf", content_type="application/pdf", size=len(_PDF),
            )  # fmt: skip
