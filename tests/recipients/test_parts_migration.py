"""What older versions found by article and case number is matched once, by a migration."""

from importlib import import_module

import pytest
from django.apps import apps

from individuals.models import Component
from recipients.models import Loan
from tests.factories import RecipientFactory, given_out
from tests.pickups.builders import lend_chair_with_part, returned

pytestmark = pytest.mark.django_db
match = import_module("recipients.migrations.0005_parts_sit_on_pieces").match


def test_each_part_finds_its_component_again_also_when_it_came_back_on_its_aid(capsys):
    at_home = lend_chair_with_part(RecipientFactory())[1]
    chair, came_back = lend_chair_with_part(RecipientFactory())
    returned(chair, None, came_back)
    sat = {loan.pk: loan.component_id for loan in Loan.objects.exclude(component=None)}
    assert set(sat) == {at_home.pk, came_back.pk}
    Loan.objects.update(component=None)

    match(apps, None)

    found = Loan.objects.exclude(component=None).values_list("pk", "component_id")
    assert dict(found) == sat
    assert capsys.readouterr().out == ""


def test_what_sits_without_a_loan_is_listed(capsys):
    chair, cushion = lend_chair_with_part(RecipientFactory())
    Loan.objects.update(component=None)
    stray = Component.objects.create(
        individual=chair.individual, article=cushion.article, case_number=given_out("26010001")
    )

    match(apps, None)

    assert f"No loan found for component {stray.pk}:" in capsys.readouterr().out
    assert Loan.objects.exclude(component=None).get() == cushion
