"""Values that no link or field of the back office gives: refused or passed over, never a 500."""

import pytest
from django.contrib import admin
from django.db import transaction
from django.db.models import ForeignKey
from django.urls import NoReverseMatch, reverse

from tests.factories import ArticleFactory, IndividualFactory, LoanFactory, UserFactory

pytestmark = pytest.mark.django_db

FOREIGN = ["abc", "99999999999999999999999", "²"]
PAGING = {"p", "o", "q", "all", "e", "_facets", "_popup", "_to_field"}
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)


@pytest.fixture
def back_office(client):
    LoanFactory(individual=IndividualFactory(), article=ArticleFactory(name="Cross 5"))
    client.force_login(
        UserFactory(roles=["khs"], is_staff=True, is_superuser=True),
        backend="organisation.backends.PortalBackend",
    )
    client.raise_request_exception = False

    def status(path: str, values: dict, method: str = "get") -> int:
        before = transaction.savepoint()  # the test's transaction outlives a question that failed
        answer = getattr(client, method)(path, values)
        transaction.savepoint_rollback(before)
        return answer.status_code

    return status


def page(model, name: str) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}")


def filters(model, request) -> set[str]:
    """What the links of the list's filters hold."""
    options = admin.site._registry[model]
    found = set()
    for one in options.get_list_filter(request):
        given = one[0] if isinstance(one, tuple) else one
        if isinstance(given, str):
            found |= {given, f"{given}__exact", f"{given}__id__exact", f"{given}__isnull"}
        else:
            found.add(given.parameter_name)
    if options.date_hierarchy:
        found |= {f"{options.date_hierarchy}__{part}" for part in ("year", "month", "day")}
    return found


@each_model
def test_a_list_takes_any_value(back_office, rf, model):
    request = rf.get("/")
    request.user = UserFactory(is_superuser=True, is_staff=True)
    asked = [(name, value) for name in PAGING | filters(model, request) for value in FOREIGN]
    asked += [(field.name, "²") for field in model._meta.fields]
    url = page(model, "changelist")
    assert [one for one in asked if back_office(url, dict([one])) >= 500] == []


def has_form(model) -> bool:
    try:
        return bool(page(model, "add"))
    except NoReverseMatch:  # cases are made by the portal alone
        return False


@pytest.mark.parametrize(
    "model", list(filter(has_form, MODELS)), ids=lambda model: model._meta.label
)
def test_a_form_takes_any_value_for_what_is_chosen(back_office, model):
    chosen = [field.name for field in model._meta.fields if isinstance(field, ForeignKey)]
    asked = [(name, value) for name in chosen for value in FOREIGN]
    url = page(model, "add")
    assert [one for one in asked if back_office(url, dict([one])) >= 500] == []
    assert [one for one in asked if back_office(url, dict([one]), "post") >= 500] == []


CHOOSERS = [
    pytest.param(model._meta, name, id=f"{model._meta.label}.{name}")
    for model in MODELS
    for name in admin.site._registry[model].autocomplete_fields
]


@pytest.mark.parametrize(("meta", "name"), CHOOSERS)
def test_a_chooser_takes_any_value(back_office, meta, name):
    usual = {"app_label": meta.app_label, "model_name": meta.model_name, "field_name": name}
    asked = [(part, value) for part in (*usual, "term", "page") for value in FOREIGN]
    url = "/admin/autocomplete/"
    assert [one for one in asked if back_office(url, {**usual, **dict([one])}) >= 500] == []
