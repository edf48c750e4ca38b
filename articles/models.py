"""The catalogue and the stock: what can be ordered, and how many there are where."""

from __future__ import annotations

import uuid
from typing import Any

import pgtrigger
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Length
from django.utils.text import slugify

from organisation.models import Warehouse
from sesam.models import Awaited, CaseNumber, CaseNumberKey
from sesam.status_looks import show_as


def _swedish(name: str) -> models.GeneratedField:
    """``name`` as it is sorted, å ä ö last (sesam/migrations/0002_sv_sortkey.py): kept, because
    a long list can't work it out for every row."""
    return models.GeneratedField(
        expression=Func(name, function="sv_sortkey"),
        output_field=models.TextField(),
        db_persist=True,
    )


class IsoClass(models.Model):
    """A class of ISO 9999: 2, 4 or 6 digits."""

    code = models.CharField("kod", max_length=6, primary_key=True)
    level = models.PositiveSmallIntegerField("nivå")
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    title = models.CharField("benämning", max_length=250)
    title_en = models.CharField("engelsk benämning", max_length=250, blank=True)

    class Meta:
        verbose_name = "ISO-klass"
        verbose_name_plural = "ISO-klasser"
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class Supplier(models.Model):
    name = models.CharField("namn", max_length=120, unique=True)
    sort_key = _swedish("name")

    class Meta:
        verbose_name = "leverantör"
        verbose_name_plural = "leverantörer"
        ordering = ["name"]
        triggers = [
            pgtrigger.Trigger(
                name="renamed",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("name"),
                func="""
                    UPDATE articles_article SET supplier_id = supplier_id
                    WHERE supplier_id = NEW.id;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return self.name


class BillingForm(models.Model):
    """How a delivered article is charged (debiteringsform)."""

    class Rule(models.TextChoices):
        RENT = "rent", "Hyra per månad"
        SALE = "sale", "Försäljning"
        SALE_RETURN = "sale_return", "Försäljning med retur"
        NONE = "none", "Ingen debitering"

    name = models.CharField("namn", max_length=40, unique=True)
    rule = models.CharField("regel", max_length=12, choices=Rule.choices)
    is_active = models.BooleanField("aktiv", default=True)

    class Meta:
        verbose_name = "debiteringsform"
        verbose_name_plural = "debiteringsformer"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ArticleType(models.TextChoices):
    MAIN = "main", "Huvudhjälpmedel"
    ACCESSORY = "accessory", "Tillbehör/komponent"
    SPARE_PART = "spare", "Reservdel"
    CONSUMABLE = "consumable", "Förbrukningsartikel"
    SERVICE = "service", "Tjänst"


class Responsibility(models.TextChoices):
    A = "A", "A-hjälpmedel"
    B = "B", "B-hjälpmedel"


class Project(models.TextChoices):
    """The course of a service that KHS carries out with a supplier, stage by stage."""

    NONE = "", "Inget projekt"
    WITH_OFFER = "with_offer", "Projekt med offert"
    WITHOUT_OFFER = "without_offer", "Projekt utan offert"


show_as({"Utgått": ("circle-minus", "grey"), "Utgått ur sortimentet": ("circle-minus", "grey")})


class Article(models.Model):
    """A kind of thing that can be ordered.

    ``search_text`` is upper-cased name, supplier, supplier's number and number, kept by
    triggers (also when a supplier is renamed), because that is what the trigram index is on.
    """

    number = models.CharField("artikelnummer", max_length=12, unique=True)
    name = models.CharField("benämning", max_length=200)
    sort_key = _swedish("name")
    type = models.CharField("artikeltyp", max_length=12, choices=ArticleType.choices)
    supplier = models.ForeignKey(
        Supplier,
        verbose_name="leverantör",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        db_index=False,  # article_by_supplier
    )
    supplier_number = models.CharField("leverantörens artikelnummer", max_length=40, blank=True)
    iso_code = models.CharField("ISO-kod", max_length=6, blank=True)
    iso_class = models.ForeignKey(
        IsoClass,
        verbose_name="ISO-klass",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="articles",
        help_text="Närmaste kända klass för ISO-koden.",
        db_index=False,
    )
    unit_of_measure = models.CharField("enhet", max_length=12, default="st")
    pack_size = models.PositiveIntegerField("antal per förpackning", default=1)
    product_group = models.CharField("produktgrupp", max_length=60, blank=True)
    responsibility = models.CharField(
        "artikelansvar", max_length=1, choices=Responsibility.choices, default=Responsibility.A
    )
    billing_form = models.ForeignKey(
        BillingForm,
        verbose_name="debiteringsform",
        on_delete=models.PROTECT,
        db_index=False,
    )
    is_marked = models.BooleanField("individmärkt", default=False)
    may_be_component = models.BooleanField("kan vara komponent", default=False)
    own_order_only = models.BooleanField("egen beställning", default=False)
    requires_comment = models.BooleanField("kräver kommentar", default=False)
    is_stocked = models.BooleanField("lagerförs", default=True)
    project = models.CharField(
        "projekt",
        max_length=13,
        choices=Project.choices,
        default=Project.NONE,
        blank=True,
        help_text="För tjänster som taklyft: beställningen visar hur långt projektet har kommit.",
    )
    is_discontinued = models.BooleanField("utgått", default=False)
    extended_info = models.TextField("utökad artikelinformation", blank=True)
    search_text = models.TextField(editable=False, default="")

    class Meta:
        verbose_name = "artikel"
        verbose_name_plural = "artiklar"
        indexes = [
            GinIndex(OpClass("search_text", name="gin_trgm_ops"), name="article_search_trgm"),
            models.Index(fields=["iso_class"]),
            # The branches' counts are read from it alone.
            models.Index(
                fields=["iso_class"], condition=Q(is_discontinued=False), name="article_assortment"
            ),
            # Long lists are read in their order: by name, by number and by supplier.
            models.Index(fields=["sort_key", "name", "id"], name="article_by_name"),
            models.Index(Length("number"), "number", name="article_by_number"),
            models.Index(fields=["supplier", "sort_key", "name", "id"], name="article_by_supplier"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="search_text",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert
                | pgtrigger.UpdateOf("name", "supplier_id", "supplier_number", "number"),
                func="""
                    NEW.search_text := upper(concat_ws(' ', NEW.name,
                        (SELECT s.name FROM articles_supplier s WHERE s.id = NEW.supplier_id),
                        NEW.supplier_number, NEW.number));
                    RETURN NEW;
                """,
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(project="") | Q(type=ArticleType.SERVICE, is_stocked=False),
                name="project_is_a_service",
                violation_error_message="Bara en tjänst som inte lagerförs kan vara ett projekt.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    @property
    def is_manual(self) -> bool:
        """«Manuell förskrivning»: stands for something that its comment describes."""
        return self.requires_comment and not self.is_stocked and self.type != ArticleType.SERVICE


class Price(models.Model):
    """A price without VAT from a day; the newest one that has begun holds. Rent is per month."""

    article = models.ForeignKey(
        Article, on_delete=models.CASCADE, related_name="prices", db_index=False
    )
    amount = models.DecimalField("pris exkl. moms", max_digits=10, decimal_places=2)
    valid_from = models.DateField("gäller från")

    class Meta:
        verbose_name = "pris"
        verbose_name_plural = "priser"
        ordering = ["-valid_from"]
        indexes = [models.Index(fields=["amount", "article"], name="price_by_amount")]
        constraints = [
            models.UniqueConstraint(fields=["article", "valid_from"], name="one_price_a_day"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} från {self.valid_from}"


class ReplacementGroup(models.Model):
    """Articles that may stand in for one another, ranked."""

    name = models.CharField("namn", max_length=80)
    is_forced = models.BooleanField("tvingande", default=False)

    class Meta:
        verbose_name = "ersättningsgrupp"
        verbose_name_plural = "ersättningsgrupper"

    def __str__(self) -> str:
        return self.name


class ReplacementMember(models.Model):
    group = models.ForeignKey(
        ReplacementGroup, on_delete=models.CASCADE, related_name="members", db_index=False
    )
    article = models.OneToOneField(Article, on_delete=models.PROTECT, related_name="replacement")
    rank = models.PositiveSmallIntegerField("rang")

    class Meta:
        verbose_name = "artikel i ersättningsgrupp"
        verbose_name_plural = "artiklar i ersättningsgrupp"
        ordering = ["rank"]
        constraints = [models.UniqueConstraint(fields=["group", "rank"], name="one_article_a_rank")]

    def __str__(self) -> str:
        return f"{self.rank} {self.article}"


class StandardComponent(models.Model):
    """What an article's individual template (individmall) suggests."""

    article = models.ForeignKey(
        Article,
        on_delete=models.CASCADE,
        related_name="standard_components",
        db_index=False,
    )
    component = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveSmallIntegerField("antal", default=1)

    class Meta:
        verbose_name = "standardkomponent"
        verbose_name_plural = "standardkomponenter"
        constraints = [
            models.UniqueConstraint(
                fields=["article", "component"], name="a_standard_component_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.component)


class Fit(models.Model):
    """That a part fits a main aid."""

    main = models.ForeignKey(
        Article, on_delete=models.CASCADE, related_name="fitting_parts", db_index=False
    )
    part = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="fits_on")

    class Meta:
        verbose_name = "passform"
        verbose_name_plural = "passformer"
        constraints = [models.UniqueConstraint(fields=["main", "part"], name="a_fit_once")]

    def __str__(self) -> str:
        return f"{self.part} passar {self.main}"


def _document_path(instance: ArticleDocument, filename: str) -> str:
    return f"articles/{instance.key.hex}"


class ArticleDocument(models.Model):
    """What there is to read about an article: a PDF of ours, or a link to somebody else's."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="documents")
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    title = models.CharField("rubrik", max_length=120)
    url = models.URLField("länk", max_length=500, blank=True)
    file = models.FileField("PDF-fil", upload_to=_document_path, blank=True)
    size = models.PositiveIntegerField(default=0, editable=False)
    position = models.PositiveSmallIntegerField("ordning", default=0)

    class Meta:
        verbose_name = "dokument"
        verbose_name_plural = "dokument"
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(url="") & ~Q(file="")) | (~Q(url="") & Q(file="")),
                name="document_is_file_or_link",
            )
        ]

    content_type = "application/pdf"

    def __str__(self) -> str:
        return self.title

    @property
    def name(self) -> str:
        """The file's name for whoever downloads it."""
        return f"{self.article.number}-{slugify(self.title) or 'dokument'}.pdf"

    def may_read(self, user: AbstractBaseUser | AnonymousUser) -> bool:
        """Whether ``user`` may have the file: everybody who works with the catalogue."""
        return user.is_authenticated


class Balance(models.Model):
    """How many of an article a warehouse has. Only services move it."""

    warehouse = models.ForeignKey(
        Warehouse, verbose_name="lager", on_delete=models.PROTECT, related_name="balances"
    )
    article = models.ForeignKey(
        Article,
        verbose_name="artikel",
        on_delete=models.PROTECT,
        related_name="balances",
        db_index=False,
    )
    on_hand = models.IntegerField("saldo", default=0)
    reserved = models.IntegerField("reserverat", default=0)
    unavailable = models.IntegerField("ej tillgängligt", default=0)
    expected_on = models.DateField("väntas", null=True, blank=True)

    class Meta:
        verbose_name = "lagersaldo"
        verbose_name_plural = "lagersaldon"
        constraints = [
            models.UniqueConstraint(fields=["article", "warehouse"], name="one_balance"),
            models.CheckConstraint(condition=Q(on_hand__gte=0), name="on_hand_not_negative"),
            models.CheckConstraint(condition=Q(reserved__gte=0), name="reserved_not_negative"),
            models.CheckConstraint(
                condition=Q(unavailable__gte=0), name="unavailable_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(on_hand__gte=F("reserved") + F("unavailable")),
                name="available_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.article} i {self.warehouse}: {self.on_hand}"

    @property
    def available(self) -> int:
        """What can still be promised: on hand − reserved − unavailable."""
        return self.on_hand - self.reserved - self.unavailable


class StockMovement(models.Model):
    """A change of ``Balance.on_hand``. Rows are never changed; their sum is the balance."""

    class Kind(models.TextChoices):
        OPENING = "opening", "Ingående saldo"
        PURCHASE = "purchase", "Inköp"
        DELIVERY = "delivery", "Utleverans"
        TRANSFER = "transfer", "Lagerpåfyllnad"
        RETURN = "return", "Retur"
        SCRAP = "scrap", "Skrotning"
        COUNT = "count", "Inventering"

    warehouse = models.ForeignKey(
        Warehouse,
        verbose_name="lager",
        on_delete=models.PROTECT,
        related_name="movements",
        db_index=False,
    )
    article = models.ForeignKey(
        Article, verbose_name="artikel", on_delete=models.PROTECT, related_name="movements"
    )
    kind = models.CharField("slag", max_length=10, choices=Kind.choices)
    quantity = models.IntegerField("antal, med tecken")
    individual_number = models.CharField("individ", max_length=20, blank=True)
    case = CaseNumberKey(
        CaseNumber,
        verbose_name="ärende",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    note = models.CharField("anteckning", max_length=200, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="användare",
        null=True,
        on_delete=models.PROTECT,
        db_index=False,
    )
    at = models.DateTimeField("tid")

    class Meta:
        verbose_name = "lagerrörelse"
        verbose_name_plural = "lagerrörelser"
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["warehouse", "article"]),
            # The back office's filters, in the list's order, and what it searches.
            models.Index(fields=["-at", "-id"], name="movement_latest"),
            models.Index(fields=["kind", "-at", "-id"], name="movement_kind_latest"),
            models.Index(fields=["warehouse", "-at", "-id"], name="movement_warehouse_latest"),
            models.Index(fields=["case"], condition=Q(case__isnull=False), name="movement_case"),
            models.Index(
                fields=["individual_number"],
                condition=~Q(individual_number=""),
                name="movement_individual",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(quantity=0), name="movement_moves_something"),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "opening",
                        "purchase",
                        "delivery",
                        "transfer",
                        "return",
                        "scrap",
                        "count",
                    ]
                ),
                name="movement_kind_is_known",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="no_truncate",
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                level=pgtrigger.Statement,
                func="RAISE EXCEPTION 'append-only: % cannot be truncated', TG_TABLE_NAME;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.quantity:+d}"


def _import_path(instance: CatalogueImport, filename: str) -> str:
    return f"imports/{instance.key.hex}"


class CatalogueImport(Awaited):
    """A catalogue sheet that KHS sent in. The file goes after a day, the row stays.

    A job reads it and says in ``report`` what it would do (``catalogue_import.Report``); when that
    is confirmed, another does it and says there what it did.
    """

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField("filnamn", max_length=120)
    file = models.FileField(upload_to=_import_path, blank=True)
    created_at = models.DateTimeField("inläst", auto_now_add=True)
    report: models.JSONField[Any, Any] = models.JSONField("provläsning", null=True, editable=False)
    confirmed_at = models.DateTimeField("bekräftad", null=True, blank=True)
    applied_at = models.DateTimeField("importerad", null=True, blank=True)
    new = models.PositiveIntegerField("nya", default=0)
    changed = models.PositiveIntegerField("ändrade", default=0)
    faults = models.PositiveIntegerField("fel", default=0)

    class Meta:
        verbose_name = "katalogimport"
        verbose_name_plural = "katalogimporter"
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(progress__lte=100), name="import_progress_in_percent"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ArticleLook(models.Model):
    """That a user looked at an article's page, and when last. Kept for a week."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="looks")
    seen_at = models.DateTimeField("visad", db_index=True)

    class Meta:
        verbose_name = "visad artikel"
        verbose_name_plural = "visade artiklar"
        constraints = [
            models.UniqueConstraint(fields=["user", "article"], name="one_look_a_user_and_article")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.article}"
