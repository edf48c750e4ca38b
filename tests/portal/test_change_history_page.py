"""«Ändringshistorik» in the back office: who, when, what it was and what it became, in Swedish."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from articles.models import Article, BillingForm, Price
from organisation import changes
from organisation.models import AccessLogEntry, Payer, User
from organisation.permissions import KHS
from recipients.models import Recipient
from sesam import asking, history
from tests.factories import (
    ArticleFactory,
    PayerFactory,
    PriceFactory,
    RecipientFactory,
    SupplierFactory,
    UnitFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def khs(browser_of):
    return browser_of(UserFactory(roles=[KHS], is_staff=True, first_name="Karin", last_name="Ek"))


@pytest.fixture
def system(browser_of):
    return browser_of(UserFactory(is_staff=True, is_superuser=True, last_name="Systemson"))


def text(page: str) -> str:
    """The page's own words, without mark-up."""
    main = page.split("<main", 1)[1].split("</main>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)).replace(" : ", ": ")


def told(client, record, key=None, sida="") -> str:
    name = "auth_group" if isinstance(record, Group) else record._meta.label_lower.replace(".", "_")
    url = reverse(f"admin:{name}_history", args=[key or record.pk])
    answer = client.get(url, {"sida": sida} if sida else {})
    assert answer.status_code == 200
    return text(answer.content.decode())


def by(user, work) -> None:
    with asking.by(asking.Asking(started_by=user.pk)):
        work()


def test_an_article_tells_what_was_changed_in_it_and_in_its_prices(khs):
    article = ArticleFactory(
        name="Rollator", is_stocked=True, supplier=SupplierFactory(name="Etac"),
        billing_form=BillingForm.objects.get_or_create(name="Hyra", defaults={"rule": "rent"})[0],
    )  # fmt: skip
    user = UserFactory(first_name="Anna", last_name="Ek")
    new = SupplierFactory(name="Sunrise")
    by(
        user,
        lambda: Article.objects.filter(pk=article.pk).update(
            name="Rollator hög", is_stocked=False, supplier=new, responsibility="B",
            user_weight=Decimal("120.5"),
        ),
    )  # fmt: skip
    by(
        user,
        lambda: Price.objects.create(
            article=article, list_price=Decimal("1480.50"), valid_from=dt.date(2030, 1, 15)
        ),
    )
    page = told(khs, article)
    for words in (
        "Anna Ek",
        "Benämning: Rollator → ändrades till Rollator hög",
        "Lagerförs: ja → ändrades till nej",
        "Leverantör: Etac → ändrades till Sunrise",
        "Artikelansvar: A-hjälpmedel → ändrades till B-hjälpmedel",
        "Maxvikt: (tomt) → ändrades till 120,5",
        "Pris, listpris exkl. moms: (tomt) → ändrades till 1480,50",
        "Pris, gäller från: (tomt) → ändrades till 2030-01-15",
    ):
        assert words in page


def test_a_price_that_is_corrected_tells_both_amounts(khs):
    price = PriceFactory(list_price=100, rent=None)
    Price.objects.filter(pk=price.pk).update(list_price=120)
    Price.objects.filter(pk=price.pk).update(list_price=130)
    page = told(khs, price.article)
    assert "Pris, listpris exkl. moms: 100,00 → ändrades till 120,00" in page
    assert "Pris, listpris exkl. moms: 120,00 → ändrades till 130,00" in page


def test_what_khs_saves_stands_in_their_name_and_nowhere_else(khs):
    form = BillingForm.objects.create(name="Hyra 2", rule="rent")
    page = reverse("admin:articles_billingform_change", args=[form.pk])
    khs.post(page, {"name": "Månadshyra", "rule": "rent", "is_active": "on"})
    assert "Karin Ek Namn: Hyra 2 → ändrades till Månadshyra" in told(khs, form)
    assert not LogEntry.objects.exists()
    shown = text(khs.get(page).content.decode())
    assert "Senast ändrad" in shown and "Karin Ek: Namn" in shown


def test_who_did_it_is_a_job_or_somebody_at_the_server_where_no_user_did(khs):
    article = ArticleFactory()
    Article.objects.filter(pk=article.pk).update(name="Ett")
    with asking.by(asking.Asking(job="articles.catalogue")):
        Article.objects.filter(pk=article.pk).update(name="Två")
    with asking.by(
        asking.Asking(job="articles.catalogue", started_by=UserFactory(last_name="Ek").pk)
    ):
        Article.objects.filter(pk=article.pk).update(name="Tre")
    page = told(khs, article)
    assert "Jobb: artikelkatalogen som Excel Benämning: Ett" in page
    assert "Ek (jobb: artikelkatalogen som Excel) Benämning: Två" in page
    assert "Kommando på servern Lades till Benämning" in page


def test_what_signing_in_stores_anew_isnt_said_to_have_been_done_at_the_server(system, settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]
    old = make_password("demo", hasher="pbkdf2_sha256")
    user = UserFactory(username="anna")
    User.objects.filter(pk=user.pk).update(password=old)
    Client().post("/logga-in/", {"username": "anna", "password": "demo"})
    user.refresh_from_db()
    assert user.password != old
    page = told(system, user)
    assert "Vid inloggningen Lösenord: bytt" in page


def test_a_user_tells_roles_and_units_since_when_and_how_they_came(system):
    user, unit = UserFactory(), UnitFactory(code="VAST", name="Vårdcentralen Väst")
    user.groups.add(Group.objects.get(name=KHS))
    user.units.add(unit)
    user.payers.add(PayerFactory(code="8", name="Region Kalmar"))
    user.set_password("någonting-annat-12")
    user.save()
    user.units.remove(unit)
    user.units.add(unit)
    page = told(system, user)
    today = timezone.localdate().isoformat()
    assert f"Roll KHS {today}" in page
    assert f"Tjänsteställe Vårdcentralen Väst {today}" in page
    assert f"Betalare Region Kalmar {today}" in page
    assert "Roll: (tomt) → ändrades till KHS" in page
    assert "Tjänsteställe: Vårdcentralen Väst → ändrades till (tomt)" in page
    assert "Lösenord: bytt" in page
    assert "md5" not in page.lower()


def test_a_recipient_is_told_of_to_khs_which_is_logged(khs, system):
    person = RecipientFactory(street="Storgatan 1", phone="")
    Recipient.objects.filter(pk=person.pk).update(street="Lilla gatan 2")
    page = told(khs, person, person.key)
    assert "Gatuadress: Storgatan 1 → ändrades till Lilla gatan 2" in page
    assert AccessLogEntry.objects.filter(recipient_key=person.key, action="view").count() == 1
    refused = system.get(reverse("admin:recipients_recipient_history", args=[person.key]))
    assert refused.status_code == 403
    assert AccessLogEntry.objects.count() == 1


def test_of_a_protected_person_nothing_shows_where_they_are(khs):
    person = RecipientFactory(
        street="Storgatan 1", payer=PayerFactory(code="1", name="Gömd kommun")
    )
    them = Recipient.objects.filter(pk=person.pk)
    by(UserFactory(), lambda: them.update(street="Lilla gatan 2"))
    Recipient.objects.filter(pk=person.pk).update(
        is_protected=True, street="", family_name="Nyberg"
    )
    Recipient.objects.filter(pk=person.pk).update(
        payer=PayerFactory(code="2", name="Hemlig kommun")
    )
    page = told(khs, person, person.key)
    assert "Skyddad identitet: nej → ändrades till ja" in page
    assert "Nyberg" in page
    assert "Uppgifterna är tömda" in page
    for words in ("gatan", "Gatuadress", "kommun", "Betalare"):
        assert words not in page


def test_the_links_between_a_persons_page_and_its_history_lead_there(khs):
    person = RecipientFactory()
    change = reverse("admin:recipients_recipient_change", args=[person.key])
    story = reverse("admin:recipients_recipient_history", args=[person.key])
    assert f'href="{story}"' in khs.get(change).content.decode()
    assert f'href="{change}"' in khs.get(story).content.decode()


def test_long_histories_are_paged_and_a_number_that_is_none_is_the_first(khs):
    payer = PayerFactory(code="0", name="0")
    client_of_payers = UserFactory(is_staff=True, is_superuser=True)
    khs.force_login(client_of_payers)
    for number in range(1, changes.A_PAGE + 6):
        by(client_of_payers, lambda n=number: Payer.objects.filter(pk=payer.pk).update(name=str(n)))
    first, second = told(khs, payer), told(khs, payer, sida="2")
    assert "Visa äldre" in first and "Visa nyare" in second
    assert first.count("ändrades till") == changes.A_PAGE
    assert second.count("ändrades till") == 5 and "Lades till" in second
    for odd in ("0", "-1", "x", "9" * 30):
        assert told(khs, payer, sida=odd) in (first, second)


def test_it_takes_as_many_questions_however_much_was_changed(khs):
    article = ArticleFactory()
    url = reverse("admin:articles_article_history", args=[article.pk])

    def change(name):
        user = UserFactory()
        values = {"name": name, "supplier": SupplierFactory(), "product_group": name}
        by(user, lambda: Article.objects.filter(pk=article.pk).update(**values))
        price = PriceFactory(article=article, valid_from=dt.date(2030, 1, int(name)))
        by(user, lambda: Price.objects.filter(pk=price.pk).update(list_price=int(name)))

    def count():
        with CaptureQueriesContext(connection) as asked:
            khs.get(url)
        return len(asked)

    change("1")
    few = count()
    for name in range(2, 12):
        change(str(name))
    assert count() == few


def test_long_texts_are_told_from_where_they_part(khs):
    before = "Samma början. " * 60
    article = ArticleFactory(extended_info=before + "Gammalt slut.")
    Article.objects.filter(pk=article.pk).update(extended_info=before + "Nytt slut.")
    page = told(khs, article)
    assert "Gammalt slut." in page and "Nytt slut." in page
    assert page.count("Samma början") < 10


def test_every_field_is_told_in_swedish():
    english = []
    for tracked in history.all_tracked():
        for field in tracked.fields:
            label = str(field.verbose_name)
            part = (
                field.name == tracked.part_of
                or tracked.model._meta.concrete_model._meta.auto_created
            )
            if label == field.name.replace("_", " ") and not part:
                english.append(f"{tracked.model._meta.label}.{field.name}")
    # words that are the same in both
    assert set(english) <= {"invoicing.Terms.version", "organisation.User.email"}


def test_what_was_never_changed_says_so(khs):
    article = ArticleFactory()
    with connection.cursor() as cursor:  # as one that was there before there was a history
        cursor.execute("ALTER TABLE articles_articlechange DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM articles_articlechange")
    assert "inget ändrats sedan ändringshistoriken började föras" in told(khs, article)


def test_the_first_change_of_what_was_there_before_tells_what_it_was(khs):
    article = ArticleFactory(name="Gammalt namn")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE articles_articlechange DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM articles_articlechange")
        cursor.execute("ALTER TABLE articles_articlechange ENABLE TRIGGER USER")
    Article.objects.filter(pk=article.pk).update(name="Nytt namn")
    assert "Benämning: Gammalt namn → ändrades till Nytt namn" in told(khs, article)


def test_a_user_who_is_gone_from_a_role_is_no_error(system):
    user = UserFactory()
    User.objects.filter(pk=user.pk).update(default_unit=None)
    assert "Förvalt tjänsteställe" in told(system, user)


@pytest.mark.parametrize(
    "tracked",
    [one for one in history.all_tracked() if hasattr(one.changes, "pgh_obj_id")],
    ids=lambda one: one.model.__name__,
)
def test_the_last_change_of_every_kind_can_be_asked_for(tracked):
    """Whatever the fields of its parts are called."""
    assert changes.newest(tracked.model(pk=tracked.model._meta.pk.to_python("-1"))) is None
