"""Whom the start page says to turn to, and where it leads out of the portal."""

from portal.models import StartContact, StartLink


def load() -> None:
    StartContact.objects.create(
        name="Göran Öberg",
        title="Systemförvaltare, KHS",
        phone="08-465 004 20",
        hours="vardagar 8–16",
        email="systemforvaltning@khs.example",
    )
    for rank, (label, url, note) in enumerate(
        (
            ("KHS webbplats och handböcker", "https://khs.example/handbocker", ""),
            ("Hjälpmedelstjänsten", "https://produktdatabas.example/", "nationell produktdatabas"),
        )
    ):
        StartLink.objects.create(label=label, url=url, note=note, rank=rank)
