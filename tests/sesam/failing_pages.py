"""Pages that fail, each with what a page knows of a person; for ``test_error_reports``."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.urls import include, path, resolve

from recipients.models import Recipient


def person() -> Recipient:
    return Recipient.objects.get()


def quotes(request: HttpRequest) -> HttpResponse:
    found = person()
    typed = request.POST.get("nummer") or request.GET.get("nummer")
    raise ValueError(
        f"{found.name}, {found.street}, {found.phone}: {typed} is none of {found.number}"
    )


def by_its_key(request: HttpRequest) -> HttpResponse:
    return HttpResponse({}[person().name])


def converts(request: HttpRequest) -> HttpResponse:
    return HttpResponse(int(person().street))


def one_from_another(request: HttpRequest) -> HttpResponse:
    try:
        quotes(request)
    except ValueError as first:
        first.add_note(f"for {person().name}")
        raise RuntimeError(f"no place for {person().number}") from first


def in_a_group(request: HttpRequest) -> HttpResponse:
    raise ExceptionGroup(
        f"of {person().name}", [ValueError(person().number), KeyError(person().name)]
    )


def in_its_bytes(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{person().name} å".encode("latin-1").decode())


def in_a_template(request: HttpRequest) -> HttpResponse:
    class Shown:
        def __init__(self) -> None:
            self.person = person()

        def __str__(self) -> str:
            raise ValueError(self.person.name + self.person.number)

    return HttpResponse(Template("<p>{{ shown }}</p>").render(Context({"shown": Shown()})))


def by_sql(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::int", [f"{person().name} {person().number}"])
    return HttpResponse()


def by_a_number_in_its_path(request: HttpRequest, typed: str) -> HttpResponse:
    return quotes(request)


FAILING = [
    quotes, by_its_key, converts, one_from_another, in_a_group, in_its_bytes, in_a_template, by_sql,
]  # fmt: skip
urlpatterns = [path(f"fel/{view.__name__}/", view) for view in FAILING]
urlpatterns += [
    path("fel/adress/<str:typed>/", by_a_number_in_its_path),
    path("", include("sesam.urls")),
]


def caught(request: HttpRequest) -> tuple:
    """What a page raises. Here, as a report tells the lines of code around each place."""
    try:
        resolve(request.path).func(request)
    except Exception as error:
        return type(error), error, error.__traceback__
    raise AssertionError("it didn't fail")
