"""Files in a real S3 store: given out by the portal alone, none lost and none left, and told where it is
away."""

import datetime as dt
import os
import re
import socket
import uuid
from io import BytesIO
from pathlib import Path

import pytest
import time_machine
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from articles.models import Article, ArticleDocument
from deviations.models import Deviation
from portal.models import Document, DocumentHeading
from recipients import dialog_files
from recipients.models import DialogFile
from sesam import backups, checks, file_store, history, jobs, printouts
from sesam.file_store import StoreDown
from tests import s3
from tests.deviations.builders import chair, khs_user
from tests.deviations.test_views import begin, event
from tests.factories import ArticleFactory, UnitFactory, UserFactory, a_picture
from tests.pickups.builders import prescriber
from tests.pickups.pages import form_of
from tests.sesam.test_backups import at, empty, full_database  # noqa: F401  a fixture

pytestmark = pytest.mark.django_db(transaction=True)
PDF = b"%PDF-1.4 Intyg\n%%EOF"
LATER = dt.timedelta(days=3)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if s3.RCLONE is None:
        pytest.skip(s3.MISSING)
    started = s3.Server(tmp_path_factory.mktemp("s3")).start()
    yield started
    started.stop()


def use(settings, monkeypatch, address: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3.KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3.SECRET)
    settings.FILES_STORE = address
    backend = {"BACKEND": "sesam.s3_store.Store"}
    settings.STORAGES = settings.STORAGES | {"default": backend}


@pytest.fixture
def store(server, settings, monkeypatch, tmp_path):
    """A folder of its own in the bucket; ``files()`` is what lies there."""
    from sesam import s3_store

    folder = uuid.uuid4().hex
    settings.MEDIA_ROOT = str(tmp_path / "media")
    use(settings, monkeypatch, server.address(folder))
    s3_store.ask_again()

    class Ours:
        name = folder

        def files(self) -> dict[str, bytes]:
            return server.files(folder)

        def stop(self) -> None:
            server.stop()

        def start(self) -> None:
            server.start()
            s3_store.ask_again()

    yield Ours()
    if server.process is None:
        server.start()
    s3_store.ask_again()


def signed_in(user) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.fixture
def client():
    return signed_in(prescriber())


@pytest.fixture
def khs():
    return signed_in(khs_user())


def a_pdf(name: str = "intyg.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/pdf")


def last_step(client, **typed) -> str:
    """A deviation's dialog, as far as the step that takes files."""
    loan = chair()
    return client.post(begin(client, loan.recipient, loan), event(**typed)).url


def finish(client, url: str, *files: SimpleUploadedFile, action: str = "finish", **typed):
    return client.post(url, form_of(client.get(url)) | typed | {"action": action, "file": files})


def attachment_url(made: Deviation) -> str:
    return reverse("deviations:attachment", args=[made.case_number, made.attachments.get().key])


# --- given out by the portal alone ---


def test_a_file_comes_in_by_a_dialog_and_goes_out_to_who_may_read_the_case(client, store, tmp_path):
    assert finish(client, last_step(client), a_pdf()).status_code == 302
    made = Deviation.objects.get()
    assert list(store.files().values()) == [PDF]
    assert not (tmp_path / "media").exists()
    shown = client.get(attachment_url(made))
    assert b"".join(shown.streaming_content) == PDF
    assert shown.headers["Content-Disposition"] == 'attachment; filename="intyg.pdf"'
    assert shown.headers["Content-Length"] == str(len(PDF))
    other = signed_in(UserFactory(default_unit=UnitFactory(code="V01", name="Västervik")))
    assert other.get(attachment_url(made)).status_code == 404


def test_no_page_names_the_store(client, store, settings):
    finish(client, last_step(client), a_pdf())
    made = Deviation.objects.get()
    page = client.get(reverse("deviations:detail", args=[made.case_number])).text
    assert "intyg.pdf" in page
    for part in (store.name, "127.0.0.1", "X-Amz", made.attachments.get().file.name):
        assert part not in page
    assert made.attachments.get().file.url == made.attachments.get().file.name


def test_a_file_that_the_store_has_lost_is_not_found(client, store, caplog):
    finish(client, last_step(client), a_pdf())
    made = Deviation.objects.get()
    default_storage.delete(made.attachments.get().file.name)
    assert client.get(attachment_url(made)).status_code == 404
    assert "A stored file is missing" in caplog.text


def test_what_a_job_made_is_fetched_once_it_is_there(client, store):
    user = prescriber()

    @jobs.task(name=f"test.{uuid.uuid4().hex}", called="prov")
    def paper(printout_id: int) -> None:
        with printouts.making(printout_id) as work:
            work.save(PDF)

    made = printouts.order(paper, owner=user, title="Prov", name="prov.pdf", back_url="/")
    paper.func(printout_id=made.pk)
    answer = signed_in(user).get(reverse("printout_file", args=[made.key]))
    assert b"".join(answer.streaming_content) == PDF
    assert client.get(reverse("printout_file", args=[made.key])).status_code == 404


# --- enciphered ---


def test_the_store_is_asked_to_encipher_each_file_unless_it_is_told_not_to(
    server, store, settings, monkeypatch
):
    from sesam import s3_store

    use(settings, monkeypatch, server.address(store.name, more=""))
    default_storage.save("attachments/x", ContentFile(PDF))
    kept = s3_store.Store()
    got = kept._client().get_object(Bucket=s3.BUCKET, Key=f"{store.name}/attachments/x")
    assert got["ServerSideEncryption"] == "AES256"
    settings.FILES_STORE = server.address("x", more="&encryption=aws:kms&key=nyckel-1")
    assert s3_store.Store().object_parameters == {
        "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "nyckel-1",
    }  # fmt: skip


# --- a case that came to nothing ---


def test_a_photo_whose_article_could_not_be_saved_is_cleared_away(khs, store, monkeypatch):
    article = ArticleFactory()
    url = f"/admin/articles/article/{article.pk}/foto/"
    assert khs.post(url, {"file": a_picture()}).status_code == 302
    before = store.files()
    assert len(before) == 1

    def fails(*args, **kwargs):
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(Article, "save", fails)
        assert khs.post(url, {"file": a_picture()}).status_code == 500
    assert store.files() == before
    assert khs.post(url, {"file": a_picture()}).status_code == 302
    assert len(store.files()) == 1, "the one that was replaced has gone, when that was certain"


def saved_and_rolled_back(*, then=lambda: None) -> None:
    with file_store.kept():
        try:
            with transaction.atomic():
                dialog_files.attach("nyckel", a_pdf(), user=UserFactory())
                raise InterruptedError
        except InterruptedError:
            then()


def test_so_is_what_a_job_saved(store):
    saved_and_rolled_back()
    assert not DialogFile.objects.exists()
    assert store.files() == {}


def test_a_savepoint_that_was_rolled_back_loses_its_own_file_alone(store):
    user = UserFactory()
    with file_store.kept(), transaction.atomic():
        dialog_files.attach("nyckel", a_pdf(), user=user)
        try:
            with transaction.atomic():
                dialog_files.attach("nyckel", a_pdf(content=b"%PDF-1.4 andra\n%%EOF"), user=user)
                raise InterruptedError
        except InterruptedError:
            pass
    assert list(store.files().values()) == [PDF]


def test_a_file_is_left_where_the_connection_broke_and_its_case_may_yet_be_there(store):
    saved_and_rolled_back(then=connection.close)
    assert len(store.files()) == 1


# --- away ---


def test_a_store_that_is_away_is_told_at_the_field_and_nothing_typed_is_lost(client, store):
    url = last_step(client)
    store.stop()
    answer = finish(client, url, a_pdf(), contact_name="Bo Ek")
    assert answer.status_code == 503
    assert "Portalen når inte sitt fillager just nu" in answer.text
    assert re.search(r'name="contact_name"[^>]*value="Bo Ek"', answer.text)
    assert answer.headers["X-At-Field"] == "1"
    assert not Deviation.objects.exists()
    store.start()
    assert finish(client, url, a_pdf(), contact_name="Bo Ek").status_code == 302
    assert Deviation.objects.get().attachments.count() == 1
    assert len(store.files()) == 1


def test_a_case_is_made_without_a_file_while_the_store_is_away(client, store):
    url = last_step(client)
    store.stop()
    assert finish(client, url).status_code == 302
    assert Deviation.objects.count() == 1


def test_a_file_that_was_chosen_before_comes_along_while_the_store_is_away(client, store):
    url = last_step(client)
    finish(client, url, a_pdf(), action="back")
    store.stop()
    assert finish(client, url).status_code == 302
    made = Deviation.objects.get()
    assert client.get(reverse("deviations:detail", args=[made.case_number])).status_code == 200
    answer = client.get(attachment_url(made))
    assert answer.status_code == 503
    assert "Portalen når inte sitt fillager" in answer.text
    beside = client.get(attachment_url(made), HTTP_HX_REQUEST="true")
    assert (beside.status_code, beside.headers["X-Fault"]) == (503, "1")
    store.start()
    assert b"".join(client.get(attachment_url(made)).streaming_content) == PDF


def test_the_back_office_tells_it_beside_the_file_too(khs, store):
    heading = DocumentHeading.objects.create(name="Rutiner")
    store.stop()
    typed = {"heading": heading.pk, "title": "Handbok 2027", "file": a_pdf()}
    url = reverse("admin:portal_document_add")
    answer = khs.post(url, form_of(khs.get(url)) | typed)
    assert answer.status_code == 503
    assert "Portalen når inte sitt fillager just nu" in answer.text
    assert 'value="Handbok 2027"' in answer.text
    assert not Document.objects.exists()


def test_a_store_that_never_answers_is_not_waited_for_by_all(client, store, settings, monkeypatch):
    from sesam import s3_store

    finish(client, last_step(client), a_pdf())
    made = Deviation.objects.get()
    monkeypatch.setattr(s3_store, "ANSWER", 0.2)
    asked = 0
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        silent.setblocking(False)
        port = silent.getsockname()[1]
        use(settings, monkeypatch, f"s3://portal?endpoint=http://127.0.0.1:{port}")
        for _ in range(5):
            assert client.get(attachment_url(made)).status_code == 503
        while True:
            try:
                silent.accept()[0].close()
                asked += 1
            except BlockingIOError:
                break
    text = Client().get("/metrics").text
    assert re.search(r'^portal_files_store_faults_total{kind="silent"} [1-9]', text, re.M)
    assert asked <= 2, "the first asked twice; the others were answered without"


def test_what_is_removed_while_the_store_is_away_is_swept_away_later(client, store, settings):
    url = last_step(client)
    finish(client, url, a_pdf(), action="back")
    key = DialogFile.objects.get().key
    store.stop()
    assert finish(client, url, action="back", ta_bort=str(key)).status_code == 302
    assert not DialogFile.objects.exists()
    store.start()
    assert len(store.files()) == 1
    assert file_store.sweep(older_than=-LATER) == 1
    assert store.files() == {}


def test_a_job_tells_who_waits_for_its_paper(store):
    user = prescriber()

    @jobs.task(name=f"test.{uuid.uuid4().hex}", called="prov")
    def paper(printout_id: int) -> None:
        with printouts.making(printout_id) as work:
            work.save(PDF)

    made = printouts.order(paper, owner=user, title="Prov", name="prov.pdf", back_url="/")
    store.stop()
    paper.func(printout_id=made.pk)
    made.refresh_from_db()
    assert "Portalen når inte sitt fillager" in made.error
    assert made.done_at is None


# --- what a killed process left ---


def put(name: str, content: bytes = PDF) -> None:
    file_store.here().put(name, BytesIO(content))


def test_the_sweep_takes_what_no_row_names_and_nothing_that_is_young_or_somebody_elses(
    client, store
):
    finish(client, last_step(client), a_pdf())
    put("attachments/lost")
    put("wal/0001")
    assert file_store.sweep() == 0, "a transaction may still be under way"
    assert file_store.sweep(older_than=-LATER) == 1
    named = Deviation.objects.get().attachments.get().file.name
    assert set(store.files()) == {named, "wal/0001"}


def test_the_folder_is_cleared_and_swept_just_so(settings, tmp_path, caplog):
    settings.MEDIA_ROOT = str(tmp_path)
    saved_and_rolled_back()
    assert in_folder(tmp_path) == {}
    files = documents(1)
    put("attachments/lost")
    put("elsewhere/1")
    jobs.sweep_files.func(timestamp=0)
    assert len(in_folder(tmp_path)) == 3
    with time_machine.travel(timezone.now() + LATER):
        jobs.sweep_files.func(timestamp=0)
    assert in_folder(tmp_path) == files | {"elsewhere/1": PDF}
    assert "1 files that no row named are swept away" in caplog.text


def test_the_sweep_does_not_empty_another_portals_store(store, caplog, monkeypatch):
    for number in range(21):
        put(f"attachments/{number}")
    with pytest.raises(file_store.TooMany):
        file_store.sweep(older_than=-LATER)
    monkeypatch.setattr(file_store, "SWEPT_AFTER", -LATER)
    with pytest.raises(CommandError, match="another one's"):
        call_command("sweep_files")
    jobs.sweep_files.func(timestamp=0)
    assert "manage.py sweep_files --all" in caplog.text
    assert len(store.files()) == 21
    call_command("sweep_files", "--all", stdout=open(os.devnull, "w"))
    assert store.files() == {}


def test_every_kind_of_file_lies_where_the_sweep_looks():
    for model in apps.get_models():
        if issubclass(model, history.Change):
            continue
        for part in model._meta.concrete_fields:
            if isinstance(part, models.FileField):
                name = part.generate_filename(model(), "x.pdf")
                assert name.split("/")[0] in file_store.FOLDERS, part


# --- there and back ---


def moved(way: str, *options: str) -> str:
    said: list[str] = []

    class Out:
        def write(self, text: str) -> int:
            said.append(text)
            return len(text)

    call_command("move_files", way, *options, stdout=Out())
    return "".join(said)


def documents(count: int) -> dict[str, bytes]:
    """Of an article, as the portal keeps them now: name and content."""
    article = ArticleFactory()
    for number in range(count):
        content = PDF + str(number).encode()
        ArticleDocument.objects.create(
            article=article, title="Bruksanvisning", file=ContentFile(content, name="x")
        )
    return {
        document.file.name: document.file.open().read()
        for document in ArticleDocument.objects.filter(article=article)
    }


def in_folder(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_files_move_into_the_store_and_back_and_each_is_compared(store, settings, tmp_path):
    media = tmp_path / "media"
    here = settings.STORAGES
    settings.STORAGES = here | {"default": {"BACKEND": "sesam.file_store.Folder"}}
    files = documents(3)
    assert in_folder(media) == files
    assert "3 files copied, 0 were there already" in moved("to-store")
    assert store.files() == in_folder(media) == files
    settings.STORAGES = here
    assert "3 files removed where they were" in moved("to-store", "--remove")
    assert (store.files(), in_folder(media)) == (files, {})
    assert "3 files copied" in moved("to-folder", "--remove")
    assert (store.files(), in_folder(media)) == ({}, files)
    assert (media.stat().st_mode & 0o777, next(media.rglob("?" * 32)).stat().st_mode & 0o777) == (
        0o700, 0o600,
    )  # fmt: skip


def test_a_move_that_was_cut_goes_on(store, tmp_path, monkeypatch):
    files = documents(3)
    with monkeypatch.context() as patched:
        whole, count = file_store.Folder.put, []

        def once(self, name, content):
            count.append(name)
            if len(count) == 2:
                raise KeyboardInterrupt
            whole(self, name, content)

        patched.setattr(file_store.Folder, "put", once)
        with pytest.raises(KeyboardInterrupt):
            moved("to-folder", "--remove")
    assert len(in_folder(tmp_path / "media")) == 1
    assert store.files() == files
    assert "2 files copied, 1 were there already" in moved("to-folder", "--remove")
    assert (in_folder(tmp_path / "media"), store.files()) == (files, {})


def test_a_file_that_is_another_one_there_is_left_alone(store, tmp_path):
    files = documents(2)
    name = min(files)
    file_store.folder().put(name, BytesIO(b"en annan"))
    with pytest.raises(CommandError, match="1 files are other ones"):
        moved("to-folder", "--remove")
    assert store.files() == files
    assert in_folder(tmp_path / "media")[name] == b"en annan"


def test_a_move_says_what_rows_name_and_nobody_has(store):
    name = min(documents(2))
    default_storage.delete(name)
    assert "1 files that rows name are in neither place" in moved("to-folder")


def test_a_move_while_the_store_is_away_ends_in_a_sentence(store):
    store.stop()
    with pytest.raises(CommandError, match="doesn't answer"):
        moved("to-folder")


def test_without_a_store_there_is_nothing_to_move_to(settings):
    with pytest.raises(CommandError, match="FILES_STORE"):
        moved("to-store")


# --- backup ---


def test_a_backup_holds_the_stores_files_and_is_restored_into_an_empty_one(
    empty,  # noqa: F811  the fixture
    store,
    server,
    settings,
    monkeypatch,
    tmp_path,
):
    with full_database():
        files = documents(3)
        backup = backups.take(tmp_path / "backups", tell=str)
    with at(empty), pytest.raises(CommandError, match="FILES_STORE isn't empty"):
        backups.restore(backup, tell=str)
    use(settings, monkeypatch, server.address(f"{store.name}-restored"))
    with at(empty):
        backups.restore(backup, tell=str)
        assert ArticleDocument.objects.count() == 3
    assert server.files(f"{store.name}-restored") == files == store.files()


def test_a_backup_that_does_not_reach_the_store_ends_in_a_sentence_and_leaves_nothing(
    store, tmp_path
):
    store.stop()
    with pytest.raises(CommandError, match="FILES_STORE doesn't answer"):
        call_command("backup", str(tmp_path / "backups"), stdout=open(os.devnull, "w"))
    assert list((tmp_path / "backups").iterdir()) == []


# --- what is looked at when a server starts ---


def why_not(settings, address: str) -> str:
    from sesam import s3_store

    settings.FILES_STORE = address
    return s3_store.why_not()


def test_a_store_that_can_be_used_is_used_and_looking_leaves_nothing(store, settings):
    from sesam import s3_store

    assert s3_store.why_not() == ""
    assert checks._store_errors() == []
    assert store.files() == {}


def test_a_store_that_cannot_be_used_is_told_in_a_sentence(server, store, settings, monkeypatch):
    here = server.address("x")
    assert "finns inte i fillagret: skapa den" in why_not(
        settings, server.address("x", bucket="annan")
    )
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fel")
    assert "känner inte igen nyckeln" in why_not(settings, here)
    with pytest.raises(ImproperlyConfigured, match="känner inte igen nyckeln"):
        checks.refuse_unsafe_work()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "okänd")
    assert "känner inte igen nyckeln" in why_not(settings, here)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert "inte AWS_ACCESS_KEY_ID och" in why_not(settings, here)
    assert [error.id for error in checks.check_settings(None) if "FILES" in error.msg] == [
        "sesam.E018"
    ]


def test_a_bucket_that_anybody_reads_is_refused(settings, tmp_path, store):
    opened = s3.Server(tmp_path / "open", is_open=True).start()
    try:
        assert "Vem som helst kan läsa" in why_not(settings, opened.address("x"))
        assert opened.files("x") == {}
    finally:
        opened.stop()


def test_a_key_without_a_right_is_told_which_ones_it_needs():
    from botocore.exceptions import ClientError

    from sesam import s3_store

    denied = ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectsV2")
    said = s3_store._told(denied, "s3://portal", True)
    assert "ListObjectsV2" in said and "s3:ListBucket" in said


@pytest.mark.parametrize(
    "address",
    [
        "portal", "https://s3.example.se/portal", "s3://", "s3://k:h@portal",
        "s3://portal?encryption=ja", "s3://portal?nyckel=1",
        "s3://portal?endpoint=http://s3.example.se", "s3://portal?endpoint",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(settings, address):
    settings.FILES_STORE = address
    (error,) = checks._store_errors()
    assert error.msg.startswith("FILES_STORE")


def test_a_store_that_is_away_keeps_nobody_from_starting(store, caplog):
    store.stop()
    assert checks._store_errors() == []
    assert "FILES_STORE doesn't answer" in caplog.text


def test_files_that_are_left_in_the_folder_are_told(store, caplog):
    file_store.folder().put("attachments/x", BytesIO(PDF))
    assert checks._store_errors() == []
    assert "move_files to-store" in caplog.text


def test_a_fault_is_never_taken_for_a_lost_file():
    assert not issubclass(StoreDown, FileNotFoundError)
