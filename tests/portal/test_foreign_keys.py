"""What refers to what, in all apps: nothing that a case refers to goes with something else, and an
index is kept only where somebody searches by it."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import connection, models

from sesam import history

OUR_APPS = (
    "sesam", "organisation", "articles", "individuals", "recipients", "orders", "activities", "pickups",
    "deviations", "invoicing", "portal",
)  # fmt: skip
# What goes with what it belongs to, and why it may: no case refers to it.
GOES_ALONG = {
    # a draft's own parts
    "orders.Cart.user",
    "orders.CartLine.cart",
    "orders.CartLine.component_of",
    "orders.CartAttachment.cart",
    "orders.CartAttachment.line",
    # a template's own lines
    "orders.TemplateLine.template",
    "orders.TemplateLine.component_of",
    # a user's own dialogs, papers and looks
    "sesam.DialogState.user",
    "sesam.Printout.owner",
    "articles.ArticleLook.user",
    "articles.ArticleLook.article",
    "articles.Favourite.user",
    "articles.Favourite.article",
    # a person whom no case came of
    "recipients.PayerMove.recipient",
    # that somebody has read a piece of news
    "portal.NewsRead.news",
    "portal.NewsRead.user",
    # what describes an article that nothing has referred to yet: else the article stays
    "articles.Price.article",
    "articles.StandardComponent.article",
    "articles.Fit.main",
    "articles.Fit.part",
    "articles.ArticleDocument.article",
    "articles.ReplacementMember.group",
    # how many articles a class has that nothing refers to
    "articles.ClassCount.iso_class",
}


def foreign_keys() -> Iterator[models.ForeignKey]:
    for model in apps.get_models():
        # (What isn't managed only reads rows that another one keeps; history names what is gone.)
        if issubclass(model, history.Change):
            continue
        if model._meta.app_label in OUR_APPS and model._meta.managed:
            for field in model._meta.local_fields:
                if isinstance(field, models.ForeignKey):
                    yield field


def test_whatever_a_case_refers_to_is_kept():
    other_than_kept = {
        str(field) for field in foreign_keys() if field.remote_field.on_delete != models.PROTECT
    }
    assert other_than_kept == GOES_ALONG
    assert all(
        field.remote_field.on_delete in (models.PROTECT, models.CASCADE) for field in foreign_keys()
    )


def test_nothing_that_may_go_along_is_referred_to_by_what_is_kept():
    gone = {field.model for field in foreign_keys() if str(field) in GOES_ALONG}
    kept_by = {
        str(field)
        for field in foreign_keys()
        if field.related_model in gone and str(field) not in GOES_ALONG
    }
    assert kept_by == set()


def test_no_foreign_key_has_an_index_beside_one_that_begins_with_it():
    twice = []
    for field in foreign_keys():
        options = field.model._meta
        begin = [
            index.fields[0].lstrip("-")
            for index in options.indexes
            if index.fields and not index.condition
        ]
        begin += [
            rule.fields[0]
            for rule in options.constraints
            if isinstance(rule, models.UniqueConstraint) and rule.fields and not rule.condition
        ]
        if field.db_index and not field.unique and field.name in begin:
            twice.append(str(field))
    assert twice == []


def test_an_order_line_without_pieces_and_parts_writes_few_indexes():
    """Lines are what the portal writes most of: each index more is a price that all pay."""
    line = apps.get_model("orders", "OrderLine")
    own = [field.name for field in line._meta.local_fields if field.db_index or field.unique]
    assert own == ["id", "order"]
    assert [index.name for index in line._meta.indexes if not index.condition] == []


@pytest.mark.django_db
def test_every_index_that_is_declared_is_there():
    """Django drops an index by its column, and may take another with it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")
        there = {name for (name,) in cursor.fetchall()}
    declared = {
        rule.name
        for model in apps.get_models()
        if model._meta.app_label in OUR_APPS
        for rule in [*model._meta.indexes, *model._meta.constraints]
        if not isinstance(rule, models.CheckConstraint)
    }
    assert declared <= there
