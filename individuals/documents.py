"""The label that is stuck on a marked piece."""

from django.template.loader import render_to_string

from sesam import documents

from .models import Individual

STYLE = documents.STATIC / "documents" / "label.css"


def label_pdf(piece: Individual, *, url: str) -> bytes:
    """One label, 62 × 29 mm (a common roll), whose QR code opens the piece's page at ``url``."""
    qr = documents.qr(url, title=f"QR-kod till individ {piece.number} i portalen")
    html = render_to_string("individuals/documents/label.html", {"piece": piece, "qr": qr})
    return documents.render(html, style=STYLE)
