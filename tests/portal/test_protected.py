"""A person becomes protected: from then on nothing, old or new, tells where they are."""

import re
from html import unescape
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from activities import services
from activities.maintenance import night
from articles.models import BillingForm
from deviations.services import handling
from orders import cart as carts
from orders import services as orders
from orders.models import Cart, Order
from organisation.models import AccessLogEntry
from organisation.permissions import BUFFERT, FORSKRIVARE, KHS
from recipients.dialog_files import attach
from recipients.models import Recipient
from sesam import sheets
from sesam.errors import DomainError
from tests.activities import builders as work
from tests.deviations import builders as deviations
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    PayerFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import add, start
from tests.papers import Paper, needs_pdf
from tests.pickups.builders import fetched, lend, lend_chair_with_part, returned, unit_with_store
from tests.pickups.pages import form_of
from tests.reading import RANDOM
from tests.test_permissions import REGISTER_URLS, register_of
from tests.url_table import ADMIN

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.4 Vid kvarnen\n%%EOF"

HOME = {
    "street": "Kvarnbacken 12",
    "co": "Qvist",
    "postcode": "98392",
    "locality": "Söderåkra",
    "phone": "0486-555 11",
    "mobile": "070-555 22 33",
    "email": "hemma@kvarnbacken.example",
    "door_code": "7788#",
    "instructions": "Bortom kyrkan, röda grinden.",
}
OF_THE_AID = ("mot Kvarnbacken", "vag.pdf")  # a line's comment, a file
TELLING = [*HOME.values(), "983 92", "Torsås", "Vid kvarnen", "bakom silon", *OF_THE_AID]
SECRET_LATER = "Tillfälligt boende 5"


def told(text: str) -> list[str]:
    """What the text tells of where the person is; a key or a token holds some digits by chance."""
    text = RANDOM.sub("", text)
    return [one for one in TELLING if one in text]


KINDS = ("bestallningar", "aktiviteter", "hamtordrar", "avvikelser")
LISTS = [
    name
    for name in REGISTER_URLS
    if name.endswith("_changelist") and KHS in ADMIN[register_of(name)]
]


@pytest.fixture
def person(settings, tmp_path):
    """Orders and pickups, open and ended, an order in progress, a piece: and then protected."""
    settings.MEDIA_ROOT = tmp_path
    payer = PayerFactory(code="0834", name="Torsås kommun")
    recipient = RecipientFactory(payer=payer, municipality_code=payer.code, **HOME)
    BillingForm.objects.get_or_create(name="Hyra", defaults={"rule": BillingForm.Rule.RENT})
    bed, khs = ArticleFactory(name="Säng"), WarehouseFactory()
    put_in_stock(khs, bed, 3)
    user = UserFactory(default_unit=unit_with_store())
    at_home = {name: HOME[name] for name in ("street", "postcode", "locality", "door_code")}
    for _ in range(2):
        cart = start(user, recipient, replace=True)
        carts.change(cart, {"extra_info": "Vid kvarnen"})
        add(cart, bed, comment="Ställs i rummet mot Kvarnbacken")
        file = SimpleUploadedFile("vag.pdf", b"%PDF-1.4 Vid kvarnen\n%%EOF", "application/pdf")
        carts.attach(cart, file, user=user)
        order = orders.send(cart, user=user)
    orders.cancel(order, user=user)
    chair, _ = lend_chair_with_part(recipient)
    work.plan_of(chair.article)
    work.due_in(-3, chair.individual)
    night.run()
    told = at_home | {"instructions": HOME["instructions"], "comment": "bakom silon"}
    fetched(lend(recipient, ArticleFactory()), user=user, details=told)
    returned(lend(recipient, ArticleFactory(), store=BufferFactory()), user=user)
    where = at_home | {"instructions": HOME["instructions"], "comment": "bakom silon"}
    where["request"] = "Ställs i rummet mot Kvarnbacken"
    for end in (None, services.cancel):
        file = attach("dialog", SimpleUploadedFile("vag.pdf", PDF, "application/pdf"), user=user)
        aid = lend(recipient, ArticleFactory(is_marked=True))
        activity = work.registered(aid, user=user, details=where, files=[file])
        if end:
            end(activity, user=user)
    _went_wrong(recipient, user)
    cart = start(user, recipient, replace=True)
    add(cart, bed)
    Recipient.objects.filter(pk=recipient.pk).update(is_protected=True)
    recipient.refresh_from_db()
    return recipient


def _went_wrong(recipient, user):
    """Deviations: open, under investigation, answered and taken back."""
    told = {
        "place": HOME["street"],
        "what_happened": "Bromsen släppte Vid kvarnen",
        "done_at_once": "Ställdes bakom silon",
        "is_kept": True,
        "kept_where": f"{HOME['street']}, {HOME['locality']}",
        "contact_name": HOME["co"],
        "contact_phone": HOME["phone"],
        "contact_email": HOME["email"],
    }
    found = {
        "cause": "Backen Vid kvarnen",
        "measure": "Hämtad bakom silon",
        "answer": "Vid kvarnen",
    }

    def made():
        aid = lend(recipient, ArticleFactory(is_marked=True))
        file = attach("dialog", SimpleUploadedFile("vag.pdf", PDF, "application/pdf"), user=user)
        return deviations.registered(aid, user=user, files=[file], **told)

    made()
    khs = deviations.khs_user()
    asked = handling.receive(made(), user=khs)
    deviations.investigated(asked, cause=found["cause"], measure=found["measure"])
    deviations.closed(made(), khs, **found)
    handling.withdraw(made(), user=user)


def orderer():
    return Cart.objects.get(closed_at=None).user


def pages_of(client: Client, recipient: Recipient, *more: str):
    """Every page and paper that can be reached by links from the person's own pages."""
    waiting = [reverse("recipients:detail", args=[recipient.key]), *more]
    seen: set[str] = set()
    while waiting:
        url = waiting.pop(0)
        if url in seen or len(seen) > 250:
            continue
        seen.add(url)
        response = client.get(url)
        if response.get("Content-Type") == "application/pdf":
            yield url, " ".join(Paper(response).everything.split())
            continue
        if response.get("Content-Type") == sheets.EXCEL:
            rows = load_workbook(BytesIO(response.content)).active.iter_rows(values_only=True)
            yield url, " ".join(str(cell) for row in rows for cell in row)
            continue
        if response.status_code != 200 or "html" not in response["Content-Type"]:
            continue
        text = response.content.decode().replace("<wbr>", "")  # inside a mail address
        # What a list can be narrowed to is nobody's.
        choices = r'<option\b.*?</option>|<p class="list-links">.*?</p>'
        yield url, unescape(re.sub(choices, "", text, flags=re.S))
        for href in re.findall(r'href="([^"#]+)', text):
            href = unescape(href)
            link = href if href.startswith("/") else url.split("?")[0] + href
            # Lists of anything else, and sorting, lead away from the person.
            if re.match(r"/(static|artiklar|sortiment|delar|logga|installningar)", link):
                continue
            if href.startswith(("/", "?")) and "sortera" not in href and "/history/" not in href:
                waiting.append(link)


@needs_pdf
@pytest.mark.parametrize("role", [FORSKRIVARE, BUFFERT, KHS])
def test_no_page_and_no_paper_tells_where_a_protected_person_is(person, role):
    user = UserFactory(default_unit=unit_with_store(), roles=[role], is_staff=role == KHS)
    if role != KHS:
        user = orderer()
        user.groups.set(UserFactory(roles=[role]).groups.all())
    client = Client()
    client.force_login(user)
    mine = [
        url
        for order in Order.objects.filter(recipient=person)
        for url in (
            reverse("orders:detail", args=[order.case_number]),
            reverse("orders:confirmation", args=[order.case_number]),
            reverse("orders:detail", args=[order.case_number]) if role == KHS else "/",
        )
    ]
    mine += [
        reverse(f"deviations:{name}", args=[deviation.case_number])
        for deviation in person.deviations.all()
        for name in ("detail", "confirmation", "pdf", "supplier_pdf")
    ]
    # Lists that no link of the person's leads to: KHS's, and what is taken out as Excel.
    lists = [f"{reverse('search_sheet')}?flik={kind}" for kind in KINDS]
    if role == KHS:
        lists += [reverse(f"admin:{name}") for name in LISTS]
    mine += lists
    own = [reverse("orders:cart"), reverse("orders:checkout"), reverse("orders:delivery")]
    looked_at = set()
    for url, text in pages_of(client, person, *mine, *own):
        looked_at.add(url)
        assert told(text) == [], url
    assert len(looked_at) > 20
    assert looked_at.issuperset(mine)


def test_a_file_of_an_order_from_before_is_not_given_out(person):
    order = the_open(person)
    url = reverse("orders:attachment", args=[order.case_number, order.attachments.get().key])
    client = Client()
    client.force_login(order.ordered_by)
    assert client.get(url).status_code == 404
    orders.type_address(
        order,
        user=order.ordered_by,
        details={"street": SECRET_LATER, "postcode": "39231", "locality": "Kalmar"},
    )
    assert client.get(url).status_code == 200


def test_sending_what_was_begun_before_needs_an_address_for_the_case(person):
    cart = carts.open_cart(orderer())
    with pytest.raises(DomainError, match="leveransadressen"):
        orders.send(cart, user=cart.user)
    address = {"street": SECRET_LATER, "postcode": "39231", "locality": "Kalmar"}
    carts.change(cart, address)
    order = orders.send(cart, user=cart.user)
    assert (order.street, order.door_code, order.recipient_mobile) == (SECRET_LATER, "", "")


def the_open(person) -> Order:
    return Order.objects.filter(recipient=person).undelivered().get()


def test_an_order_sent_before_gets_an_address_for_the_case(person):
    order = the_open(person)
    client = Client()
    client.force_login(order.ordered_by)
    page = reverse("orders:detail", args=[order.case_number])
    assert "Leveransadress saknas" in client.get(page).content.decode()
    form = client.get(f"{page}?redigera=adress").content.decode()
    assert "Spara" in form

    empty = client.post(f"{page}?redigera=adress", {"street": SECRET_LATER, "postcode": "1"})
    assert empty.status_code == 422
    assert SECRET_LATER in empty.content.decode() and "Ange ort." in empty.content.decode()

    typed = {"street": SECRET_LATER, "postcode": "392 31", "locality": "Kalmar"}
    assert client.post(f"{page}?redigera=adress", typed).status_code == 302
    text = client.get(page).content.decode()
    assert SECRET_LATER in text and "Leveransadress saknas" not in text
    # What the prescriber said of the aid, KHS needs: it stands there as long as the case is open.
    assert set(told(text)) <= set(OF_THE_AID)
    assert AccessLogEntry.objects.filter(case_number=order.case_number, action="change").exists()
    assert client.post(f"{page}?redigera=adress", typed).status_code == 302  # sent twice
    other = typed | {"street": "Annan gata 3"}
    assert client.post(f"{page}?redigera=adress", other).status_code == 409
    order.refresh_from_db()
    assert order.street == SECRET_LATER

    orders.cancel(order, user=order.ordered_by)
    ended = client.get(page).content.decode()
    assert told(ended) == [] and SECRET_LATER not in ended


def test_another_units_prescriber_writes_no_address(person):
    client = Client()
    client.force_login(UserFactory(default_unit__code="V9", default_unit__name="Annan"))
    page = reverse("orders:detail", args=[the_open(person).case_number])
    assert client.post(f"{page}?redigera=adress", {"street": "Här 1"}).status_code == 404


def test_a_pickup_order_made_before_gets_an_address_for_the_case(person):
    pickup = person.pickups.get()
    client = Client()
    client.force_login(pickup.ordered_by)
    page = reverse("pickups:detail", args=[pickup.case_number])
    assert "Hämtadress saknas" in client.get(page).content.decode()
    typed = {"street": SECRET_LATER, "postcode": "392 31", "locality": "Kalmar"}
    form = form_of(client.get(f"{page}?redigera=adress")) | typed
    assert client.post(f"{page}?redigera=adress", form).status_code == 302
    pickup.refresh_from_db()
    assert (pickup.street, pickup.door_code, pickup.comment) == (SECRET_LATER, "", "")
    text = client.get(page).content.decode()
    assert SECRET_LATER in text
    assert told(text) == []
