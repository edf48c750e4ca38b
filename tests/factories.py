"""Test data, from the bottom of the staircase up. People only get official test numbers.

prescriber = UserFactory(roles=[FORSKRIVARE], units=[unit])
recipient = RecipientFactory(payer=payer)
put_in_stock(warehouse, article, 3)      # balance, movement and, if marked, individuals
LoanFactory(recipient=recipient, article=article)
"""

import csv
from io import BytesIO
from pathlib import Path

import factory
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone
from factory.django import DjangoModelFactory
from PIL import Image

from articles.models import (
    Article,
    ArticleType,
    BillingForm,
    IsoClass,
    Price,
    ReplacementGroup,
    ReplacementMember,
    StandardComponent,
    StockMovement,
    Supplier,
)
from articles.stock import Ledger
from individuals.models import Individual
from organisation.models import LookReason, Payer, Source, Unit, User, Warehouse
from organisation.permissions import FORSKRIVARE
from recipients.models import CareRelation, Loan, Recipient, RegisterPerson
from sesam.models import CaseKind, CaseNumber


def read_test_numbers(name: str) -> list[tuple[str, str]]:
    """Number and kind («personnummer» or «samordningsnummer») of a file in tests/data."""
    with (Path(__file__).parent / "data" / name).open(encoding="utf-8") as file:
        return [(row["number"], row["kind"]) for row in csv.DictReader(file)]


PERSONAL_NUMBERS = read_test_numbers("personal-numbers.csv")
IMPOSSIBLE_NUMBERS = [number for number, _ in read_test_numbers("impossible-personal-numbers.csv")]
# The first stay free for tests that need one nobody has.
UNUSED_NUMBERS = [number for number, kind in PERSONAL_NUMBERS if kind == "personnummer"][:20]
_FOR_PEOPLE = [number for number, kind in PERSONAL_NUMBERS if kind == "personnummer"][20:]


class PayerFactory(DjangoModelFactory):
    class Meta:
        model = Payer
        django_get_or_create = ("code",)

    code = "0880"
    name = "Kalmar kommun"


class WarehouseFactory(DjangoModelFactory):
    """A KHS warehouse; ``BufferFactory`` makes an own store."""

    class Meta:
        model = Warehouse
        django_get_or_create = ("number",)

    number = "100"
    name = "Kalmar KHS lager"
    kind = Warehouse.Kind.CENTRAL
    owner = factory.SubFactory(PayerFactory, code="RKL", name="Region Kalmar län", kind="region")
    street = "Lagergatan 1"
    postcode = "39241"
    locality = "Kalmar"


class BufferFactory(WarehouseFactory):
    number = "0880"
    name = "Kalmar kommuns förråd"
    kind = Warehouse.Kind.BUFFER
    owner = factory.SubFactory(PayerFactory)


class UnitFactory(DjangoModelFactory):
    class Meta:
        model = Unit
        django_get_or_create = ("code",)
        skip_postgeneration_save = True

    code = "K01"
    name = "Hemrehab Kalmar"
    payer = factory.SubFactory(PayerFactory)
    delivering_warehouse = factory.SubFactory(WarehouseFactory)
    street = "Enhetsgatan 2"
    postcode = "39232"
    locality = "Kalmar"
    phone = "08-465 004 41"

    @factory.post_generation
    def own_stores(self, create, extracted, **kwargs):
        if create and extracted:
            self.own_stores.set(extracted)


class UserFactory(DjangoModelFactory):
    """A prescriber of «Hemrehab Kalmar» who has been through the first-login dialog."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"anna{n}")
    first_name = "Anna"
    last_name = factory.Sequence(lambda n: f"Förskrivare{n}")
    title = "Arbetsterapeut"
    phone = "08-465 004 41"
    password = factory.django.Password("hemligt-losenord")
    default_unit = factory.SubFactory(UnitFactory)
    default_source = Source.CENTRAL

    @factory.post_generation
    def roles(self, create, extracted, **kwargs):
        for name in [FORSKRIVARE] if extracted is None else extracted:
            self.groups.add(Group.objects.get_or_create(name=name)[0])

    @factory.post_generation
    def units(self, create, extracted, **kwargs):
        self.units.set(extracted or ([self.default_unit] if self.default_unit else []))


class BillingFormFactory(DjangoModelFactory):
    class Meta:
        model = BillingForm
        django_get_or_create = ("name",)

    name = "Hyra"
    rule = BillingForm.Rule.RENT


class SupplierFactory(DjangoModelFactory):
    class Meta:
        model = Supplier
        django_get_or_create = ("name",)

    name = "Etac Sverige AB"


class IsoClassFactory(DjangoModelFactory):
    class Meta:
        model = IsoClass
        django_get_or_create = ("code",)

    code = "122203"
    level = 3
    title = "Manuella drivringsrullstolar"


class ArticleFactory(DjangoModelFactory):
    """A counted main aid; ``is_marked=True`` for one with individuals."""

    class Meta:
        model = Article

    number = factory.Sequence(lambda n: f"{500000 + n}")
    name = factory.Sequence(lambda n: f"Rullstol Cross {n}")
    type = ArticleType.MAIN
    supplier = factory.SubFactory(SupplierFactory)
    supplier_number = factory.Sequence(lambda n: f"L-{n}")
    billing_form = factory.SubFactory(BillingFormFactory)


def a_picture(kind: str = "PNG", size: tuple[int, int] = (900, 600)) -> SimpleUploadedFile:
    """A photo as somebody sends it in."""
    file = BytesIO()
    Image.new("RGB", size, "teal").save(file, kind)
    return SimpleUploadedFile("foto 19121212-1212.png", file.getvalue(), "image/png")


class PriceFactory(DjangoModelFactory):
    """``amount`` is what the article's billing form charges: a month's rent or the list price."""

    class Meta:
        model = Price

    class Params:
        amount = "148.00"
        is_rent = factory.LazyAttribute(
            lambda price: price.article.billing_form.rule == BillingForm.Rule.RENT
        )

    article = factory.SubFactory(ArticleFactory)
    rent = factory.LazyAttribute(lambda price: price.amount if price.is_rent else None)
    list_price = factory.LazyAttribute(lambda price: None if price.is_rent else price.amount)
    valid_from = factory.LazyFunction(lambda: timezone.localdate().replace(month=1, day=1))


class ReplacementGroupFactory(DjangoModelFactory):
    """``ReplacementGroupFactory(articles=[first, second])`` ranks them 1, 2, …"""

    class Meta:
        model = ReplacementGroup
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Ersättningsgrupp {n}")

    @factory.post_generation
    def articles(self, create, extracted, **kwargs):
        for rank, article in enumerate(extracted or [], start=1):
            ReplacementMember.objects.create(group=self, article=article, rank=rank)


class StandardComponentFactory(DjangoModelFactory):
    class Meta:
        model = StandardComponent

    article = factory.SubFactory(ArticleFactory)
    component = factory.SubFactory(
        ArticleFactory, type=ArticleType.ACCESSORY, may_be_component=True
    )


class IndividualFactory(DjangoModelFactory):
    """A piece without a place in any balance; for one on the shelf use ``put_in_stock``."""

    class Meta:
        model = Individual

    number = factory.Sequence(lambda n: f"{200000 + n}")
    article = factory.SubFactory(ArticleFactory, is_marked=True)
    status = Individual.Status.WITH_RECIPIENT


class RegisterPersonFactory(DjangoModelFactory):
    """Somebody whom the demo's population register knows."""

    class Meta:
        model = RegisterPerson

    number = factory.Sequence(lambda n: _FOR_PEOPLE[-1 - n % len(_FOR_PEOPLE)])
    given_name = "Ture"
    family_name = factory.Sequence(lambda n: f"Registersson{n}")
    street = "Skolgatan 14 B, lgh 1203"
    postcode = "39230"
    locality = "Kalmar"
    municipality_code = "0880"


class RecipientFactory(DjangoModelFactory):
    """A person in Kalmar with every field filled."""

    class Meta:
        model = Recipient

    kind = Recipient.Kind.PERSON
    number = factory.Sequence(lambda n: _FOR_PEOPLE[n % len(_FOR_PEOPLE)])
    given_name = "Ing-Britt"
    family_name = factory.Sequence(lambda n: f"Moberg{n}")
    street = "Storgatan 7, lgh 1001"
    postcode = "39231"
    locality = "Kalmar"
    municipality_code = "0880"
    phone = "08-465 004 37"
    mobile = "070-174 06 12"
    email = "ing-britt@example.se"
    door_code = "2468#"
    instructions = "Ring på hos maken Lennart om ingen öppnar."
    payer = factory.SubFactory(PayerFactory)


def known_to(unit: Unit, person: Recipient | None = None) -> Recipient:
    """A person whom the unit has had a case with: nobody there is asked «Varför?»."""
    person = person or RecipientFactory()
    CareRelation.objects.get_or_create(recipient=person, unit=unit, case_number=None)
    return person


class CareUnitFactory(DjangoModelFactory):
    """A care unit with its four digits; ``store`` makes it stand for an own store."""

    class Meta:
        model = Recipient

    kind = Recipient.Kind.CARE_UNIT
    number = factory.Sequence(lambda n: f"{7100 + n % 2000}")
    family_name = factory.Sequence(lambda n: f"Vårdboende {n}")
    street = "Vårdvägen 3"
    postcode = "39234"
    locality = "Kalmar"
    payer = factory.SubFactory(PayerFactory)
    unit = factory.SubFactory(UnitFactory)


def given_out(number: str, kind: CaseKind = CaseKind.ORDER) -> str:
    """The case number, which somebody has given out."""
    CaseNumber.objects.get_or_create(number=number, defaults={"kind": kind})
    return number


class LoanFactory(DjangoModelFactory):
    class Meta:
        model = Loan

    @classmethod
    def _create(cls, model_class, *args, **facts):
        given_out(facts["case_number"])
        return super()._create(model_class, *args, **facts)

    recipient = factory.SubFactory(RecipientFactory)
    article = factory.SubFactory(ArticleFactory)
    unit = factory.SubFactory(UnitFactory)
    prescriber_name = "Karin Lindqvist"
    case_number = "26410087"
    delivered_at = factory.LazyFunction(timezone.now)


def a_reason(name: str) -> LookReason:
    """One of those that the portal comes with."""
    return LookReason.objects.get(name=name)


def answer_of(reason: str, text: str = "") -> dict[str, str]:
    """What «Varför?» is answered by: a reason's name, or what is none."""
    found = LookReason.objects.filter(name=reason).first()
    return {"skal": str(found.pk) if found else reason, "text": text}


def put_in_stock(warehouse: Warehouse, article: Article, quantity: int) -> list[Individual]:
    """Put pieces on the shelf so that the ledger adds up; returns the individuals if marked."""
    pieces = []
    with transaction.atomic():
        place = (warehouse.pk, article.pk)
        ledger = Ledger([place])
        if article.is_marked:
            for _ in range(quantity):
                piece = IndividualFactory(
                    article=article, warehouse=warehouse, status=Individual.Status.IN_STOCK
                )
                pieces.append(piece)
                ledger.add(place, 1, StockMovement.Kind.OPENING, individual_number=piece.number)
        else:
            ledger.add(place, quantity, StockMovement.Kind.OPENING)
        ledger.save()
    return pieces
