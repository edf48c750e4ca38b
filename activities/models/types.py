"""What kinds of work there are, who does them, how fast, and where: records that KHS edits."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from articles.models import Article
from organisation.models import Payer, Unit, User
from organisation.permissions import KHS, has_role
from recipients.whereabouts import AddressRule
from sesam import attachments, history
from sesam.errors import DomainError


class Priority(models.Model):
    """«Aktivitetsprioritet»: in how many working days the work is to be done."""

    name = models.CharField("namn", max_length=40, unique=True)
    days = models.PositiveSmallIntegerField("klar inom arbetsdagar")
    is_urgent = models.BooleanField("akut", default=False)
    rank = models.PositiveSmallIntegerField("ordning", default=0)
    is_active = models.BooleanField("aktiv", default=True)

    class Meta:
        verbose_name = "aktivitetsprioritet"
        verbose_name_plural = "aktivitetsprioriteter"
        ordering = ["rank", "id"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """What comes in to be repaired takes the first."""
        others = Priority.objects.filter(is_active=True).exclude(pk=self.pk)
        if not self.is_active and not others.exists():
            raise ValidationError({"is_active": "En prioritet måste vara aktiv."})

    @property
    def days_words(self) -> str:
        return f"{self.days} {'arbetsdag' if self.days == 1 else 'arbetsdagar'}"


class AddressInstruction(models.Model):
    """«Adressinstruktion»: how whoever does the work gets the aid; ``address`` says whose address
    is then preset."""

    name = models.CharField("namn", max_length=80, unique=True)
    address = models.CharField("adress", max_length=10, choices=AddressRule.choices)
    rank = models.PositiveSmallIntegerField("ordning", default=0)
    is_active = models.BooleanField("aktiv", default=True)

    class Meta:
        verbose_name = "adressinstruktion"
        verbose_name_plural = "adressinstruktioner"
        ordering = ["rank", "id"]

    def __str__(self) -> str:
        return self.name


class ServiceSupplier(models.Model):
    """Who looks after a kind of aid in KHS's stead. The paper goes to them by mail, without personal
    data. ``iso_codes`` are the beginnings of the ISO codes of these aids."""

    name = models.CharField("namn", max_length=80, unique=True)
    email = models.EmailField("e-post")
    phone = models.CharField("telefon", max_length=20)
    iso_codes = models.CharField(
        "ISO-koder",
        max_length=120,
        blank=True,
        help_text="Början på koderna, med mellanslag emellan: de hjälpmedel som leverantören sköter.",
    )
    is_active = models.BooleanField("aktiv", default=True)

    class Meta:
        verbose_name = "serviceleverantör"
        verbose_name_plural = "serviceleverantörer"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        codes = self.iso_codes.split()
        if not all(code.isascii() and code.isdigit() and len(code) in (2, 4, 6) for code in codes):
            raise ValidationError(
                {"iso_codes": "Skriv koder med 2, 4 eller 6 siffror, med mellanslag emellan."}
            )
        if self.pk and not self.is_active:
            types = ActivityType.objects.filter(supplier=self, is_active=True)
            if names := ", ".join(f"«{kind}»" for kind in types):
                text = f"Leverantören utför {names}. Ange en annan där först."
                raise ValidationError({"is_active": text})

    def looks_after(self, article: Article) -> bool:
        return any(article.iso_code.startswith(code) for code in self.iso_codes.split())


def _blank_path(instance: ActivityType, filename: str) -> str:
    return f"blanks/{uuid.uuid4().hex}"


class ActivityType(models.Model):
    """A kind of work (aktivitetstyp), and what follows from it.

    Code finds its own by ``code``. ``attachment_name`` is the document that must be attached;
    ``blank`` the empty one, to be filled in.
    """

    class Code(models.TextChoices):
        STORE_REPAIR = "store_repair", "Buffertreparation"
        REPAIR = "repair", "Avhjälpande underhåll/Reparation"
        MAINTENANCE = "maintenance", "Förebyggande underhåll"

    class UsedBy(models.TextChoices):
        ALL = "all", "Alla"
        REGION = "region", "Regionens tjänsteställen"
        PLAN = "plan", "Ingen: görs av schema och KHS"

    class About(models.TextChoices):
        """A piece is blocked meanwhile, whether it stands in a store or is at home."""

        HELD = "held", "Ett hjälpmedel hos mottagaren"
        MAYBE = "maybe", "Kan vara utan hjälpmedel"
        PIECE = "piece", "En individ, i förråd eller hos mottagaren"

    class DoneBy(models.TextChoices):
        KHS = "khs", "KHS"
        STORE = "store", "Eget förråd"
        SUPPLIER = "supplier", "Leverantören"
        UNIT = "unit", "Tjänstestället"

    code = models.CharField("kod", max_length=14, blank=True, editable=False, choices=Code.choices)
    name = models.CharField("namn", max_length=80, unique=True)
    explanation = models.CharField("förklaring", max_length=200)
    advice = models.CharField(
        "råd när typen är vald", max_length=300, blank=True,
        help_text="Visas när någon skriver en aktivitet av typen.",
    )  # fmt: skip
    icon = models.CharField("ikon", max_length=30, default="wrench")
    used_by = models.CharField(
        "får användas av", max_length=8, choices=UsedBy.choices, default=UsedBy.ALL
    )
    about = models.CharField("gäller", max_length=8, choices=About.choices, default=About.HELD)
    in_store = models.BooleanField(
        "kan gälla en individ i förråd",
        default=False,
        help_text="Individen är spärrad tills aktiviteten är avslutad.",
    )
    fetches = models.BooleanField(
        "hjälpmedlet hämtas till KHS",
        default=False,
        help_text="KHS tar emot hjälpmedlet, och aktiviteten är då avslutad.",
    )
    done_by = models.CharField(
        "utförs av", max_length=10, choices=DoneBy.choices, default=DoneBy.KHS
    )
    attachment_name = models.CharField("obligatorisk bilaga", max_length=80, blank=True)
    blank = models.FileField("blankett", upload_to=_blank_path, blank=True)
    personal_data = models.BooleanField(
        "personuppgifter på dokumentet",
        default=True,
        help_text="Utan kryss står inga personuppgifter på dokumentet, och text kontrolleras.",
    )
    instruction = models.ForeignKey(
        AddressInstruction,
        verbose_name="förvald adressinstruktion",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    supplier = models.ForeignKey(
        ServiceSupplier,
        verbose_name="leverantör",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    hour_price = models.DecimalField(
        "pris per arbetstimme exkl. moms",
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="0: arbetet är gratis. Tomt: inte bestämt, och månaden kan inte faktureras förrän"
        " det är det.",
    )
    rank = models.PositiveSmallIntegerField("ordning", default=0)
    is_active = models.BooleanField("aktiv", default=True)

    class Meta:
        verbose_name = "aktivitetstyp"
        verbose_name_plural = "aktivitetstyper"
        ordering = ["rank", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["code"], condition=~Q(code=""), name="one_activity_type_a_code"
            ),
            models.CheckConstraint(condition=Q(hour_price__gte=0), name="hour_price_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """What the portal relies on."""
        others = ActivityType.objects.filter(is_active=True, used_by=self.UsedBy.ALL)
        is_offered = self.is_active and self.used_by == self.UsedBy.ALL
        if not is_offered and not others.exclude(pk=self.pk).exists():
            raise ValidationError({"is_active": "En typ som alla får använda måste vara aktiv."})
        if self.blank and not self.blank._committed:  # type: ignore[attr-defined]  # chosen just now
            try:
                is_pdf = attachments.check(self.blank.file) == attachments.PDF
            except DomainError as fault:
                raise ValidationError({"blank": fault.message}) from None
            if not is_pdf:
                raise ValidationError({"blank": "Blanketten måste vara en PDF."})
        if self.done_by == self.DoneBy.SUPPLIER and self.supplier_id is None:
            raise ValidationError({"supplier": "Leverantören utför: ange vilken."})
        if self.is_active and self.supplier is not None and not self.supplier.is_active:
            raise ValidationError({"supplier": "Leverantören används inte längre. Ange en annan."})

    @property
    def may_be_warranty(self) -> bool:
        """Whether the aid's supplier may owe what is asked for: a repair, or what the unit does
        itself, to which it orders a spare part."""
        is_repair = self.code in (self.Code.REPAIR, self.Code.STORE_REPAIR)
        return is_repair or self.done_by == self.DoneBy.UNIT

    def may_be_used(self, user: User, unit: Unit) -> bool:
        if self.used_by == self.UsedBy.REGION:
            return unit.payer.kind == Payer.Kind.REGION
        return self.used_by == self.UsedBy.ALL or has_role(user, KHS)


for model in (Priority, AddressInstruction, ServiceSupplier, ActivityType):
    history.track(model)
