"""Whoever saves a record saves what they mean, not what others have written since it was read."""

import datetime as dt
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook

from articles import catalogue_import
from articles.jobs import remove_import_files
from articles.models import Article, CatalogueImport
from orders import cart as carts
from orders import services
from orders.jobs import remove_draft_files
from orders.models import Cart, CartAttachment, OrderAttachment
from organisation.models import User
from organisation.permissions import KHS
from sesam import awaited
from tests.at_once import while_others_write
from tests.factories import ArticleFactory, UserFactory
from tests.orders.builders import add, pdf, start
from tests.pickups.pages import form_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def khs() -> User:
    return UserFactory(roles=[KHS], is_staff=True)


def runs_it() -> User:
    return UserFactory(is_staff=True, is_superuser=True)


COLUMNS = {"columns": {"artiklar": ["supplier"]}}


def in_the_back_office(user: User, page: str, write, **typed) -> None:
    """Open a page of the user's, fill it in and save, while ``write`` is under way."""
    admin = Client()
    admin.force_login(runs_it(), backend="organisation.backends.PortalBackend")
    url = reverse(f"admin:{page}", args=[user.pk])
    form = form_of(admin.get(url)) | typed
    answer = while_others_write(write, lambda: admin.post(url, form))
    assert answer.status_code == 302, answer.content.decode()
    user.refresh_from_db()


def choose_columns(user: User) -> None:
    User.objects.filter(pk=user.pk).update(preferences=COLUMNS)


def test_what_a_user_chooses_outlives_the_back_offices_change_of_the_user():
    user = UserFactory()
    in_the_back_office(
        user, "organisation_user_change", lambda: choose_columns(user), title="Fysioterapeut"
    )
    assert (user.title, user.preferences) == ("Fysioterapeut", COLUMNS)


def test_a_field_that_the_back_office_left_as_it_was_keeps_what_was_written_meanwhile():
    user = UserFactory(phone="0470-1")
    write = User.objects.filter(pk=user.pk).update
    in_the_back_office(
        user, "organisation_user_change", lambda: write(phone="0470-2"), title="Fysioterapeut"
    )
    assert (user.title, user.phone) == ("Fysioterapeut", "0470-2")


def test_what_a_user_chooses_outlives_a_new_password():
    user, word = UserFactory(), "en lång hemlig fras"
    typed = {"password1": word, "password2": word, "usable_password": "true"}
    in_the_back_office(user, "auth_user_password_change", lambda: choose_columns(user), **typed)
    assert user.check_password(word) and user.preferences == COLUMNS


def test_a_sheet_that_is_cleared_away_while_it_is_imported_stays_imported():
    sheet = CatalogueImport.objects.create(
        user=khs(), name="katalog.xlsx", file=pdf("katalog.xlsx")
    )
    CatalogueImport.objects.update(created_at=timezone.now() - dt.timedelta(days=2))
    write = CatalogueImport.objects.filter(pk=sheet.pk).update
    while_others_write(lambda: write(applied_at=timezone.now(), new=3), remove_import_files)
    sheet.refresh_from_db()
    assert sheet.applied_at and sheet.new == 3 and not sheet.file


def test_an_import_writes_of_each_article_what_its_own_row_says():
    chair, bed = ArticleFactory(name="Rullstol"), ArticleFactory(name="Säng")
    book, out = Workbook(), BytesIO()
    book.active.append(("Artikelnummer", "Benämning", "Leverantörens artikelnummer"))
    book.active.append((chair.number, "Rullstol Cross", None))
    book.active.append((bed.number, None, "L-77"))
    book.save(out)
    upload = SimpleUploadedFile("katalog.xlsx", out.getvalue())
    sheet = catalogue_import.receive(upload, user=khs())
    CatalogueImport.objects.update(confirmed_at=timezone.now())
    rename = Article.objects.filter(pk=bed.pk).update
    CatalogueImport.objects.update(confirmed_at=timezone.now())
    work = awaited.Work(sheet)
    while_others_write(lambda: rename(name="Säng Opus"), lambda: catalogue_import.apply(work))
    chair.refresh_from_db()
    bed.refresh_from_db()
    assert (chair.name, bed.name, bed.supplier_number) == ("Rullstol Cross", "Säng Opus", "L-77")


def test_a_file_that_is_sent_while_old_ones_are_cleared_away_is_there():
    cart: Cart = start()
    add(cart, ArticleFactory())
    carts.attach(cart, pdf(), user=cart.user)
    CartAttachment.objects.update(uploaded_at=timezone.now() - dt.timedelta(days=2))
    while_others_write(lambda: services.send(cart, user=cart.user), remove_draft_files)
    assert default_storage.exists(OrderAttachment.objects.get().file.name)
    assert not CartAttachment.objects.exists()
