"""The catalogue, and the rules that fixtures/README.md names."""

import datetime as dt
import random
from collections.abc import Sequence
from decimal import Decimal

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from articles import measures
from articles.models import (
    Article,
    ArticleDocument,
    ArticleType,
    BillingForm,
    Fit,
    IsoClass,
    Price,
    Project,
    ReplacementGroup,
    ReplacementMember,
    Responsibility,
    StandardComponent,
    Supplier,
)

from .files import FOLDER, rows

MARKED = ("1222", "1223", "1236", "1812", "120606")
BEDS = ("1812",)
MUNICIPAL = ("09", "1206")
PRICES = {"main": (900, 24_000), "accessory": (90, 2_400), "spare": (40, 1_500),
          "consumable": (20, 300), "service": (0, 0)}  # fmt: skip
GROUPS = {"12": "Förflyttning", "18": "Bostad och sittande", "09": "Personlig vård",
          "22": "Kommunikation", "04": "Behandling", "05": "Träning"}  # fmt: skip
OWN = [
    ("37121", "Rullstol Cross 5 45 lång grå", "main", "122203", "Etac Sverige AB", "10041"),
    ("43027", "Rullstol Cross 6 45 lång grå", "main", "122203", "Etac Sverige AB", "10052"),
    ("46948", "Rullstol Cross 6 XL 45 lång svart", "main", "122203", "Etac Sverige AB", "10063"),
    ("39302", "Projektering av taklyft", "service", "123612", "Guldmann Sverige AB", ""),
    ("39303", "Förskrivning av lyftmotor i befintlig skena", "service", "123612",
     "Guldmann Sverige AB", ""),
    ("MANUELL", "MANUELL förskrivning", "main", "", "", ""),
    ("70001", "Doppsko till käpp 19 mm", "consumable", "", "Etac Sverige AB", "D19"),
    ("70002", "Batteri till larm", "consumable", "", "Abilia AB", "B1"),
    ("70003", "Engångsunderlägg 60 × 90", "consumable", "", "", ""),
]  # fmt: skip
#: Width, depth and height of the seat, height of the back, whole width, user's and own weight.
MEASURED = {
    "37121": ("45", "41–56", "39–50", "42–56", "64", "135", "16,5"),
    "43027": ("45", "41–56", "39–50", "42–56", "64", "125", "16,5"),
    "46948": ("45", "36–49", "39–50", "42–56", "64", "125", "15,8"),
}
HANDBOOK_GROUP = ["37121", "43027", "46948"]
NOT_STOCKED = ("39302", "39303", "MANUELL")
PROJECTS = {"39302": Project.WITH_OFFER, "39303": Project.WITHOUT_OFFER}


def load() -> dict[str, Article]:
    """All articles by number."""
    classes = _iso_classes()
    forms = {form.rule: form for form in BillingForm.objects.all()}
    source = [tuple(row.values()) for row in rows("articles")]
    known = {number for number, *_ in OWN}
    wanted = [*OWN, *(row for row in source if row[0] not in known)]
    names = sorted({row[4] for row in wanted if row[4]})
    Supplier.objects.bulk_create(Supplier(name=name) for name in names)
    suppliers = {s.name: s for s in Supplier.objects.all()}
    articles = {row[0]: _article(row, classes, suppliers, forms) for row in wanted}
    articles[
        "37121"
    ].extended_info = "Beställ sittdyna för sig. Benstöd ingår. Max brukarvikt 135 kg."
    Article.objects.bulk_create(articles.values(), batch_size=1000)
    _prices(articles)
    group = ReplacementGroup.objects.create(name="Rullstol Cross 45 lång")
    ReplacementMember.objects.bulk_create(
        ReplacementMember(group=group, article=articles[n], rank=rank)
        for rank, n in enumerate(HANDBOOK_GROUP, 1)
    )
    fits = [(row["main"], row["part"]) for row in rows("fits")]
    fits = [(main, part) for main, part in fits if main in articles and part in articles]
    Fit.objects.bulk_create(
        [Fit(main=articles[main], part=articles[part]) for main, part in fits], batch_size=2000
    )
    _standard_components(articles, fits)
    _documents(articles)
    return articles


def _iso_classes() -> dict[str, IsoClass]:
    made: dict[str, IsoClass] = {}
    for level in ("1", "2", "3"):
        new = [
            IsoClass(code=row["code"], level=int(level), parent=made.get(row["parent"]),
                     title=row["title"], title_en=row["title_en"])
            for row in rows("iso9999") if row["level"] == level
        ]  # fmt: skip
        made |= {c.code: c for c in IsoClass.objects.bulk_create(new)}
    return made


def _article(
    row: Sequence[str],
    classes: dict[str, IsoClass],
    suppliers: dict[str, Supplier],
    forms: dict[str, BillingForm],
) -> Article:
    number, name, kind, iso, supplier, supplier_number = row
    stocked = number not in NOT_STOCKED
    main = kind == ArticleType.MAIN
    marked = main and stocked and iso.startswith(MARKED)
    if PROJECTS.get(number) == Project.WITH_OFFER:
        rule = BillingForm.Rule.SALE  # at what its offer says
    elif not stocked:
        rule = BillingForm.Rule.NONE
    elif marked:
        rule = BillingForm.Rule.RENT
    else:
        rule = BillingForm.Rule.SALE_RETURN if main else BillingForm.Rule.SALE
    article = Article(
        number=number, name=name, type=kind, iso_code=iso,
        iso_class=classes.get(iso) or classes.get(iso[:4]) or classes.get(iso[:2]),
        supplier=suppliers.get(supplier), supplier_number=supplier_number,
        product_group=GROUPS.get(iso[:2], ""), is_marked=marked, billing_form=forms[rule],
        may_be_component=kind == ArticleType.ACCESSORY, is_stocked=stocked,
        requires_comment=not stocked, project=PROJECTS.get(number, Project.NONE),
        own_order_only=main and iso.startswith(BEDS),
        responsibility=Responsibility.B if iso.startswith(MUNICIPAL) else Responsibility.A,
    )  # fmt: skip
    measures.fill(article)
    for measure, typed in zip(measures.MEASURES, MEASURED.get(number, ()), strict=False):
        known = measures.parse(typed)
        setattr(article, measure.name, known if measure.is_span else known.lower)
    return article


def _prices(articles: dict[str, Article]) -> None:
    first = timezone.localdate().replace(month=1, day=1) - dt.timedelta(days=366)
    prices = []
    for article in articles.values():
        low, high = PRICES[article.type]
        if not high or not article.is_stocked:
            continue
        drawn = random.Random(article.number).randint(low, high)  # noqa: S311
        is_rent = article.billing_form.rule == BillingForm.Rule.RENT
        rent = Decimal(max(95, drawn // 60)) if is_rent else None
        prices.append(
            Price(article=article, list_price=Decimal(drawn), rent=rent, valid_from=first)
        )
    Price.objects.bulk_create(prices, batch_size=2000)


def _standard_components(articles: dict[str, Article], fits: list[tuple[str, str]]) -> None:
    """The individual templates: the first cushion or headrest that fits an aid, by number."""
    cushions = [a for a in articles.values() if a.iso_code.startswith("1810")][:3]
    standard = dict(zip(HANDBOOK_GROUP[1:], (a.number for a in cushions), strict=False))
    for main, part in sorted(fits):
        if articles[part].name.lower().startswith(("setepute", "pute", "hodest")):
            standard.setdefault(main, part)
    StandardComponent.objects.bulk_create(
        StandardComponent(article=articles[main], component=articles[part])
        for main, part in standard.items()
    )


def _documents(articles: dict[str, Article]) -> None:
    """The handbook's wheelchairs have a manual (one file for all) and a page at their supplier."""
    content = (FOLDER / "bruksanvisning.pdf").read_bytes()
    name = "articles/demo-bruksanvisning"
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(content))
    for number in HANDBOOK_GROUP:
        ArticleDocument.objects.bulk_create([
            ArticleDocument(article=articles[number], title="Bruksanvisning", file=name,
                            size=len(content), position=1),
            ArticleDocument(article=articles[number], title="Leverantörens produktsida",
                            url=f"https://leverantor.example/rullstolar/{number}", position=2),
        ])  # fmt: skip
