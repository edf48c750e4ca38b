"""Why aids are fetched: records that the aid centre edits."""

from django.core.exceptions import ValidationError
from django.db import models

from articles.models import Article
from recipients.whereabouts import AddressRule
from sesam import history

ADDRESSES = [(rule.value, rule.label) for rule in AddressRule if rule != AddressRule.NONE]


class PickupReason(models.Model):
    """Why an aid is fetched, and what follows from it: who fetches, where, with which paper.

    ``iso_codes`` are the beginnings of the ISO codes that it is for; one without any is for
    everything that no other reason names.
    """

    class DoneBy(models.TextChoices):
        KHS = "khs", "KHS"
        SUPPLIER = "supplier", "Leverantören"

    name = models.CharField("namn", max_length=80, unique=True)
    explanation = models.CharField("förklaring", max_length=200, blank=True)
    done_by = models.CharField("utförs av", max_length=10, choices=DoneBy.choices)
    address = models.CharField("hämtadress", max_length=10, choices=ADDRESSES)
    document_name = models.CharField("dokument", max_length=80)
    personal_data = models.BooleanField(
        "personuppgifter på dokumentet",
        default=True,
        help_text="Utan kryss står inga personuppgifter på dokumentet, och text kontrolleras.",
    )
    iso_codes = models.CharField(
        "ISO-koder",
        max_length=120,
        blank=True,
        help_text="Början på koderna, med mellanslag emellan. Tomt: allt som ingen annan orsak"
        " gäller för.",
    )
    supplier = models.CharField("leverantör", max_length=80, blank=True)
    supplier_email = models.EmailField("leverantörens e-post", blank=True)
    supplier_phone = models.CharField("leverantörens telefon", max_length=20, blank=True)
    rank = models.PositiveSmallIntegerField("ordning", default=0)
    is_active = models.BooleanField("aktiv", default=True)

    class Meta:
        verbose_name = "hämtorderorsak"
        verbose_name_plural = "hämtorderorsaker"
        ordering = ["rank", "id"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """What the portal and the papers rely on."""
        codes = self.iso_codes.split()
        if not all(code.isascii() and code.isdigit() and len(code) in (2, 4, 6) for code in codes):
            raise ValidationError(
                {"iso_codes": "Skriv koder med 2, 4 eller 6 siffror, med mellanslag emellan."}
            )
        if self.by_supplier:
            needed = {"supplier": "vem", "supplier_email": "vart dokumentet mejlas"}
            missing = {
                name: f"Leverantören hämtar: ange {what}."
                for name, what in needed.items()
                if not getattr(self, name)
            }
            if missing:
                raise ValidationError(missing)

    @property
    def by_supplier(self) -> bool:
        return self.done_by == self.DoneBy.SUPPLIER

    @property
    def performer(self) -> str:
        """Who fetches, as the portal says it."""
        return self.supplier if self.by_supplier else "KHS"

    def names(self, article: Article) -> bool:
        """Whether the reason names this kind of article."""
        return any(article.iso_code.startswith(code) for code in self.iso_codes.split())


history.track(PickupReason)
