"""What the organisation adds to the bar, and to what is told of what waits."""

from django.http import HttpRequest
from django.urls import reverse

from sesam import metrics
from sesam.places import MenuItem, Page, Todo, TodoSource
from sesam.slots import menu
from sesam.templatetags.sesam import datum

from . import changes, desk, emergency, queues
from .models import Account, Mail, MailState, RoleHeld, User, UserPayer
from .permissions import CARE, LOGGRANSKARE, has_role, signed_in
from .slots import my_todo

menu.add(
    MenuItem(
        name="messages",
        label="Meddelanden",
        url=Page("messages"),
        order=800,
        icon="mail",
        align="right",
        # It came with the user, in the query that every page asks.
        count=lambda request, obj: signed_in(request).unread or None,
    ),
    MenuItem(
        name="settings",
        label="Inställningar",
        url=Page("settings"),
        order=900,
        icon="settings",
        dialog=True,
        align="account",
        shown=lambda request, obj: has_role(request.user, *CARE, LOGGRANSKARE),
    ),
    MenuItem(
        name="password",
        label="Byt lösenord",
        url=Page("admin:password_change"),
        order=910,
        align="account",
        shown=lambda request, obj: (
            emergency.passwords_are_taken()
            and request.user.is_staff
            and request.user.has_usable_password()
        ),
    ),
    MenuItem(
        name=desk.SYSTEM,
        label=lambda request, obj: "System" if desk.at_khs(request) else "Register",
        url=Page("admin:organisation_user_changelist"),
        order=55,
        shown=desk.runs_system,
    ),
)
for _order, (_name, _label, _page) in enumerate(
    (
        ("users", "Användare", "admin:organisation_user_changelist"),
        ("roles", "Roller", "admin:auth_group_changelist"),
        ("units", "Tjänsteställen", "admin:organisation_unit_changelist"),
        ("payers", "Betalare", "admin:organisation_payer_changelist"),
        ("warehouses", "Lager", "admin:organisation_warehouse_changelist"),
    )
):
    menu.add(
        MenuItem(
            name=_name,
            label=_label,
            url=Page(_page),
            order=580 + _order,
            parent=desk.SYSTEM,
            shown=desk.runs_system,
        )
    )


def _unread(request: HttpRequest, user: User) -> list[Todo]:
    count = user.unread
    words = "oläst meddelande" if count == 1 else "olästa meddelanden"
    return [Todo(f"{count} {words}", reverse("messages"))] if count else []


my_todo.add(TodoSource(name="messages", order=90, build=_unread))
for _order, (_name, _label, _page) in enumerate(
    (
        ("notices", "Meddelanden till användare", "admin:organisation_notice_changelist"),
        ("mail", "E-post", "admin:organisation_mail_changelist"),
    )
):
    desk.entry(_name, _label, _page, order=660 + 10 * _order, parent=desk.REGISTERS)
desk.entry(
    "look_reasons",
    "Skäl till åtkomst",
    "admin:organisation_lookreason_changelist",
    order=543,
    parent=desk.REGISTERS,
)
desk.entry(
    "accounts",
    "Konton",
    "admin:organisation_account_changelist",
    order=655,
    parent=desk.REGISTERS,
)
queues.on_home(
    "admin:organisation_mail_changelist",
    (
        (
            "E-post som e-postservern inte tar emot",
            "mail",
            "?state__exact=waiting",
            lambda: Mail.objects.filter(state=MailState.WAITING, attempts__gt=0),
        ),
        (
            "E-post som inte gick att skicka",
            "circle-alert",
            "?state__exact=given_up",
            lambda: Mail.objects.filter(state=MailState.GIVEN_UP),
        ),
    ),
    since="written_at",
    order=90,
)
desk.entry("day", "Dagen", "admin:index", order=10, mark="KHS")


def _has_since(user: User) -> list[changes.Since]:
    """Roles, units and payers; the database notes of the first two itself when they came."""
    roles = RoleHeld.objects.filter(user=user).select_related("group")
    units = Account.objects.filter(user=user).select_related("unit").order_by("unit__name")
    came = changes.came(UserPayer, "payer", of=user)
    return [
        *(changes.Since("Roll", changes.named(row.group), datum(row.since)) for row in roles),
        *(changes.Since("Tjänsteställe", str(row.unit), datum(row.since)) for row in units),
        *(
            changes.Since("Betalare", str(payer), datum(came.get(payer.pk)))
            for payer in user.payers.all()
        ),
    ]


changes.tell_since(User, _has_since)


metrics.gauge(
    "portal_mail_waiting",
    "Letters that haven't been sent",
    "SELECT count(*) FROM organisation_mail WHERE state = 'waiting'",
)
metrics.gauge(
    "portal_mail_oldest_seconds",
    "How long the oldest of them has waited",
    "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(written_at)), 0) FROM organisation_mail"
    " WHERE state = 'waiting'",
)
metrics.gauge(
    "portal_access_log_rows_last_minute",
    "Rows of the access log, of the last minute",
    "SELECT count(*) FROM organisation_accesslogentry WHERE at > now() - interval '1 minute'",
)
