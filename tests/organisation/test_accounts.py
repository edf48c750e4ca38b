"""Accounts that nobody uses end, after a warning; and KHS's list of a unit's accounts."""

import datetime as dt

import pytest
from dateutil.relativedelta import relativedelta
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from organisation import accounts, emergency, mail
from organisation.models import Account, Mail, Message, MessageKind, Unit, User
from organisation.permissions import BUFFERT, FORSKRIVARE
from organisation.uses import uses
from tests.factories import UnitFactory, UserFactory
from tests.reading import read_page

pytestmark = pytest.mark.django_db
LIST = "/admin/organisation/account/"


def unused(months: int, days: int = 0, **facts) -> User:
    """Somebody who signed in last so long ago."""
    at = timezone.now() - relativedelta(months=months, days=days)
    return UserFactory(
        last_login=at, date_joined=at, email=facts.pop("email", "anna@example.se"), **facts
    )


def pass_days(days: int) -> None:
    """Time passes for everybody's account."""
    for name in ("last_login", "date_joined", "warned_at", "paused_at", "reopened_at"):
        for user in User.objects.exclude(**{name: None}):
            earlier = getattr(user, name) - dt.timedelta(days=days)
            User.objects.filter(pk=user.pk).update(**{name: earlier})


def look_after(user: User) -> User:
    accounts.look_after()
    return User.objects.get(pk=user.pk)


def letters() -> list[str]:
    return [mail.written(letter).body for letter in Mail.objects.order_by("pk")]


def test_who_signs_in_now_and_then_is_left_alone():
    user = unused(5, 10)
    assert accounts.look_after() == 0
    assert look_after(user).is_active


def test_who_has_not_signed_in_for_long_is_warned_by_mail_and_then_inactive():
    user = unused(5, 20)
    user = look_after(user)
    assert user.is_active
    day = timezone.localdate() + dt.timedelta(days=14)
    assert f"Kontot blir inaktivt {day:%Y-%m-%d}" in letters()[0]
    assert Message.objects.get().kind == MessageKind.ACCOUNT

    assert accounts.look_after() == 0  # told once
    pass_days(13)
    assert look_after(user).is_active
    pass_days(1)
    user = look_after(user)
    assert not user.is_active
    assert user.paused_at is not None
    assert user.roles  # kept until it ends


def test_nobody_is_made_inactive_without_a_warning_however_late_the_rule_comes():
    user = look_after(unused(30))
    assert user.is_active
    pass_days(14)
    assert not look_after(user).is_active


def test_who_signs_in_after_the_warning_stays_and_is_warned_anew():
    user = look_after(unused(5, 20))
    User.objects.filter(pk=user.pk).update(last_login=timezone.now())
    pass_days(14)
    assert look_after(user).is_active
    pass_days(160)
    assert look_after(user).is_active
    assert Message.objects.count() == 2


def test_after_twelve_months_an_account_ends_with_a_warning_of_its_own():
    user = unused(6)
    usual = user.default_unit
    user.units.add(UnitFactory(code="K02", name="Hemrehab Nybro"))
    for days in (0, 14, 160):
        pass_days(days)
        user = look_after(user)
    assert not user.is_active
    assert user.ended_at is None
    assert "avslutas" in letters()[1]
    pass_days(14)
    user = look_after(user)
    assert user.ended_at is not None
    assert not user.roles
    assert not user.units.exists()
    assert user.default_unit is None  # opened again it isn't at a unit that nobody chose
    assert not user.has_usable_password()
    assert "Förskrivare" in user.ended_as
    assert "Hemrehab Nybro" in user.ended_as
    assert usual.name in user.ended_as
    assert accounts.look_after() == 0


def test_who_was_made_inactive_by_hand_ends_without_a_letter():
    user = look_after(unused(12, is_active=False))
    assert user.ended_at is not None
    assert not Message.objects.exists()


def test_the_warning_goes_also_to_who_has_chosen_no_mail_and_isnt_active(mailoutbox):
    user = unused(12, is_active=False)
    User.objects.filter(pk=user.pk).update(paused_at=timezone.now(), preferences={mail.CHOSEN: []})
    accounts.look_after()
    assert mail.send_waiting() == 1
    assert mailoutbox[0].to == [user.email]
    assert mailoutbox[0].subject == "Ditt konto avslutas snart"
    assert "systemförvaltaren på KHS" in mailoutbox[0].body


@pytest.mark.parametrize("facts", [{"is_demo": True}, {"email": ""}])
def test_whom_no_letter_reaches_and_the_demo(facts):
    """The demo's accounts stay. Who has no address is told in the portal, and treated alike."""
    user = unused(7, **facts)
    accounts.look_after()
    pass_days(14)
    assert look_after(user).is_active is ("is_demo" in facts)
    assert not Mail.objects.exists()


def test_an_account_for_emergencies_is_there_to_be_unused():
    user = unused(30)
    emergency.new_code(user)
    assert accounts.look_after() == 0


def test_the_region_has_its_own_rule(settings):
    settings.ACCOUNT_INACTIVE_MONTHS = settings.ACCOUNT_END_MONTHS = 0
    unused(30)
    unused(30, is_active=False)
    assert accounts.look_after() == 0
    settings.ACCOUNT_INACTIVE_MONTHS, settings.ACCOUNT_WARNING_DAYS = 3, 30
    user = look_after(unused(2, 5))
    assert Message.objects.filter(user=user).exists()


def test_made_active_again_the_months_begin_anew(browser_of):
    user = unused(13, is_active=False)
    look_after(user)
    admin = browser_of(UserFactory(roles=[], is_staff=True, is_superuser=True))
    url = f"/admin/organisation/user/{user.pk}/change/"
    page = admin.get(url)
    assert "Avslutat" in read_page(page)
    form = page.context["adminform"].form
    data = {}
    for bound in form:
        value = bound.value()
        if isinstance(value, list):
            data[bound.html_name] = [str(getattr(x, "pk", x)) for x in value]
        elif value not in (None, False):
            data[bound.html_name] = "on" if value is True else value
        if bound.field.show_hidden_initial:
            data[f"initial-{bound.html_name}"] = data.get(bound.html_name, "")
    answer = admin.post(url, data | {"is_active": "on"})
    assert answer.status_code == 302, answer.context["errors"]
    user.refresh_from_db()
    assert user.is_active
    assert user.ended_at is None
    assert user.reopened_at is not None
    assert look_after(user).is_active
    assert not Message.objects.exists()


# --- KHS's list ---------------------------------------------------------------------------------


@pytest.fixture
def khs(browser_of, khs_user):
    return browser_of(khs_user)


def test_khs_sees_who_has_which_role_at_a_unit_and_since_when(khs):
    user = UserFactory(last_name="Lindqvist", title="Fysioterapeut")
    today = f"{timezone.localdate():%Y-%m-%d}"
    page = read_page(khs.get(LIST))
    assert "Lindqvist" in page
    assert "Fysioterapeut" in page
    assert f"Förskrivare ({today})" in page
    assert Account.objects.get(user=user).since is not None


def test_the_time_is_noted_whatever_writes_and_kept_while_the_role_is(khs):
    user = UserFactory()
    before = user.roles_held.get().since
    user.groups.set(Group.objects.filter(name__in=[FORSKRIVARE, BUFFERT]))
    assert user.roles_held.get(group__name=FORSKRIVARE).since == before
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE organisation_user_groups SET since = NULL WHERE user_id = %s", [user.pk]
        )
    assert "Förskrivare (tidigare)" in read_page(khs.get(LIST))


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"Ahl", "Berg", "Cederholm"}),
        ("?lage=aktiva", {"Ahl", "Berg"}),
        ("?lage=inaktiva", {"Cederholm"}),
        ("?lage=varnade", {"Berg"}),
        (f"?roll={BUFFERT}", {"Ahl"}),
        ("?roll=ingen", {"Ahl", "Berg", "Cederholm"}),
        ("?q=cederholm", {"Cederholm"}),
    ],
)
def test_the_list_is_narrowed(khs, query, shown):
    UserFactory(last_name="Ahl", roles=[BUFFERT])
    UserFactory(last_name="Berg", warned_of="pause", warned_at=timezone.now())
    UserFactory(last_name="Cederholm", is_active=False, paused_at=timezone.now())
    page = read_page(khs.get(LIST + query))
    assert {name for name in ("Ahl", "Berg", "Cederholm") if name in page} == shown


def test_who_was_made_active_again_does_not_soon_become_inactive(khs):
    user = unused(7, last_name="Ahl", is_active=False, paused_at=timezone.now())
    user.warned_of, user.warned_at = "pause", timezone.now() - dt.timedelta(days=14)
    accounts.reopen(user)
    user.is_active = True
    user.save()
    assert "Ahl" not in read_page(khs.get(f"{LIST}?lage=varnade"))


def test_a_units_accounts(khs):
    other = UnitFactory(code="K02", name="Hemrehab Nybro")
    UserFactory(last_name="Ahl")
    UserFactory(last_name="Berg", default_unit=other)
    page = read_page(khs.get(f"{LIST}?unit__id__exact={other.pk}"))
    assert "Berg" in page
    assert "Ahl" not in page


def test_the_list_is_khs_and_changes_nothing(khs, browser_of, client):
    assert client.get(LIST, follow=True).status_code == 403
    admin = UserFactory(roles=[], is_staff=True, is_superuser=True)
    assert browser_of(admin).get(LIST).status_code == 403
    assert khs.get(f"{LIST}add/").status_code == 403
    UserFactory()
    pk = Account.objects.first().pk
    assert khs.get(f"{LIST}{pk}/delete/").status_code == 403
    assert khs.post(f"{LIST}{pk}/change/", {}).status_code == 403


def test_more_accounts_take_no_more_questions(khs):
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            khs.get(LIST)
        return len(asked)

    UserFactory()
    before = asked()
    for _ in range(10):
        UserFactory()
    assert asked() == before


def test_a_unit_in_use_says_so_once(khs):
    UserFactory()
    assert uses(Unit.objects.get(code="K01")) == {"användare": 2}  # KHS's own, and this one
