"""What can be ordered, how it is charged and what it costs."""

from __future__ import annotations

import uuid
from functools import reduce
from operator import and_
from typing import Any

import pgtrigger
from django.contrib.postgres.fields import DecimalRangeField
from django.contrib.postgres.indexes import GinIndex, GistIndex, OpClass
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Length

from sesam.status_looks import show_as


def _swedish(name: str) -> models.GeneratedField:
    """``name`` as it is sorted, å ä ö last (sesam/migrations/0002_sv_sortkey.py): kept, because
    a long list can't work it out for every row."""
    return models.GeneratedField(
        expression=Func(name, function="sv_sortkey"),
        output_field=models.TextField(),
        db_persist=True,
    )


def _picture_path(instance: Article, filename: str) -> str:
    return f"articles/pictures/{uuid.uuid4().hex}"


def _span(label: str) -> DecimalRangeField:
    """A measure that may be settable, from one value to another; see ``articles/measures.py``."""
    return DecimalRangeField(label, null=True, blank=True, help_text="cm, som 45 eller 41–56")


def _measure(label: str, help_text: str) -> models.DecimalField[Any, Any]:
    return models.DecimalField(
        label, max_digits=4, decimal_places=1, null=True, blank=True, help_text=help_text
    )


def _positive(*names: str, part: str = "") -> Q:
    rules = [Q(**{f"{name}__isnull": True}) | Q(**{f"{name}{part}__gt": 0}) for name in names]
    return reduce(and_, rules)


class IsoClass(models.Model):
    """A class of ISO 9999: 2, 4 or 6 digits."""

    code = models.CharField("kod", max_length=6, primary_key=True)
    level = models.PositiveSmallIntegerField("nivå")
    parent = models.ForeignKey(
        "self",
        verbose_name="klassen ovanför",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    title = models.CharField("benämning", max_length=250)
    title_en = models.CharField("engelsk benämning", max_length=250, blank=True)
    follow_up_weeks = models.PositiveSmallIntegerField(
        "uppföljning, veckor efter leverans",
        null=True,
        blank=True,
        validators=[MaxValueValidator(520)],
        help_text="Tomt: som klassen ovanför. 0: ingen uppföljning.",
    )

    class Meta:
        verbose_name = "ISO-klass"
        verbose_name_plural = "ISO-klasser"
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class ClassCount(models.Model):
    """How many articles of the assortment hang at a class itself. Kept by a trigger of the articles
    (who writes them does so alone, ``catalogue_import.take_turn``): counted anew for each page, three
    regions' took three times one region's."""

    iso_class = models.OneToOneField(
        IsoClass, primary_key=True, on_delete=models.CASCADE, related_name="counted"
    )
    articles = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.iso_class_id}: {self.articles}"


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
    seat_width = _span("sittbredd")
    seat_depth = _span("sittdjup")
    seat_height = _span("sitthöjd")
    back_height = _span("rygghöjd")
    total_width = _measure("totalbredd", "cm")
    user_weight = _measure("maxvikt", "kg, högsta brukarvikt")
    own_weight = _measure("vikt", "kg, egen vikt")
    follow_up_weeks = models.PositiveSmallIntegerField(
        "uppföljning, veckor efter leverans",
        null=True,
        blank=True,
        validators=[MaxValueValidator(520)],
        help_text="Tomt: som ISO-klassen. 0: ingen uppföljning.",
    )
    picture = models.FileField("foto", upload_to=_picture_path, blank=True, editable=False)
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
            GistIndex(fields=["seat_width"], name="article_seat_width"),
            GistIndex(fields=["seat_depth"], name="article_seat_depth"),
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
            ),
            pgtrigger.Trigger(
                name="class_count",
                when=pgtrigger.After,
                operation=pgtrigger.Insert
                | pgtrigger.Delete
                | pgtrigger.UpdateOf("iso_class_id", "is_discontinued"),
                func="""
                    IF TG_OP = 'UPDATE' AND (OLD.iso_class_id, OLD.is_discontinued)
                            IS NOT DISTINCT FROM (NEW.iso_class_id, NEW.is_discontinued) THEN
                        RETURN NULL;
                    END IF;
                    IF TG_OP <> 'INSERT' THEN
                        UPDATE articles_classcount SET articles = articles - 1
                        WHERE iso_class_id = OLD.iso_class_id AND NOT OLD.is_discontinued;
                    END IF;
                    IF TG_OP <> 'DELETE' THEN
                        INSERT INTO articles_classcount AS counted (iso_class_id, articles)
                        SELECT NEW.iso_class_id, 1
                        WHERE NEW.iso_class_id IS NOT NULL AND NOT NEW.is_discontinued
                        ON CONFLICT (iso_class_id) DO UPDATE SET articles = counted.articles + 1;
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(project="") | Q(type=ArticleType.SERVICE, is_stocked=False),
                name="project_is_a_service",
                violation_error_message="Bara en tjänst som inte lagerförs kan vara ett projekt.",
            ),
            models.CheckConstraint(
                condition=_positive("total_width", "user_weight", "own_weight")
                & _positive(
                    "seat_width", "seat_depth", "seat_height", "back_height", part="__startswith"
                ),
                name="measures_are_positive",
                violation_error_message="Ett mått är större än noll.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    @property
    def is_manual(self) -> bool:
        """«Manuell förskrivning»: stands for something that its comment describes."""
        return self.requires_comment and not self.is_stocked and self.type != ArticleType.SERVICE


class Price(models.Model):
    """What an article costs from a day, without VAT: to buy, and a month's rent. The newest row
    that has begun holds, for both; the billing form says which of them is charged."""

    article = models.ForeignKey(
        Article, on_delete=models.CASCADE, related_name="prices", db_index=False
    )
    list_price = models.DecimalField(
        "listpris exkl. moms", max_digits=10, decimal_places=2, null=True, blank=True
    )
    rent = models.DecimalField(
        "hyra per månad exkl. moms", max_digits=10, decimal_places=2, null=True, blank=True
    )
    valid_from = models.DateField("gäller från")

    class Meta:
        verbose_name = "pris"
        verbose_name_plural = "priser"
        ordering = ["-valid_from"]
        indexes = [
            models.Index(
                fields=["list_price", "article"],
                condition=Q(list_price__isnull=False),
                name="price_by_list_price",
            ),
            models.Index(
                fields=["rent", "article"], condition=Q(rent__isnull=False), name="price_by_rent"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["article", "valid_from"], name="one_price_a_day"),
            models.CheckConstraint(condition=Q(list_price__gte=0), name="price_not_negative"),
            models.CheckConstraint(condition=Q(rent__gte=0), name="rent_not_negative"),
            models.CheckConstraint(
                condition=Q(list_price__isnull=False) | Q(rent__isnull=False),
                name="price_of_something",
                violation_error_message="Fyll i listpriset, hyran eller båda.",
            ),
        ]

    def __str__(self) -> str:
        amounts = [] if self.list_price is None else [f"{self.list_price} kr"]
        amounts += [] if self.rent is None else [f"{self.rent} kr/mån"]
        return f"{' och '.join(amounts)} från {self.valid_from}"
