"""«Konton»: KHS's list of who works at which unit, with which role, since when."""

import datetime as dt
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from ..long_lists import LongList
from ..models import Account, RoleHeld, User
from ..role_names import ROLE_NAMES
from .parts import ForKhs


class AccountState(admin.SimpleListFilter):
    title = "läge"
    parameter_name = "lage"
    states: ClassVar[dict[str, tuple[str, Q]]] = {
        "aktiva": ("Aktiva", Q(user__is_active=True)),
        "varnade": (
            "Blir snart inaktiva",
            Q(user__is_active=True, user__warned_of=User.Warning.PAUSE)
            & (Q(user__last_login=None) | Q(user__warned_at__gt=F("user__last_login"))),
        ),
        "inaktiva": ("Inaktiva", Q(user__is_active=False)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, label) for name, (label, _) in self.states.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Account]) -> QuerySet[Account]:
        state = self.states.get(self.value() or "")
        return queryset.filter(state[1]) if state else queryset


class AccountRole(admin.SimpleListFilter):
    title = "roll"
    parameter_name = "roll"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(ROLE_NAMES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Account]) -> QuerySet[Account]:
        held = RoleHeld.objects.filter(user=OuterRef("user"), group__name=self.value())
        return queryset.filter(Exists(held)) if self.value() in ROLE_NAMES else queryset


@admin.register(Account)
class AccountAdmin(ForKhs, LongList[Account]):
    """KHS's list of a unit's accounts: who has which role, since when. Those who run the system
    change them."""

    list_display = (
        "shown_user",
        "shown_title",
        "unit",
        "shown_since",
        "shown_roles",
        "shown_sign_in",
        "shown_state",
    )
    list_display_links = None
    list_filter = (AccountState, AccountRole, ("unit", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("user", "unit")
    search_fields = ("user__last_name", "user__first_name", "unit__name", "unit__code")
    ordering = ("unit__code", "user__last_name", "user__first_name", "pk")
    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        return super().get_queryset(request).prefetch_related("user__roles_held__group")

    @admin.display(description="Användare", ordering="user__last_name")
    def shown_user(self, account: Account) -> str:
        return str(account.user)

    @admin.display(description="Yrkestitel", ordering="user__title")
    def shown_title(self, account: Account) -> str:
        return account.user.title

    @admin.display(description="På tjänstestället sedan", ordering="since")
    def shown_since(self, account: Account) -> str:
        return _day(account.since) or "tidigare"

    @admin.display(description="Roll, sedan")
    def shown_roles(self, account: Account) -> str:
        return ", ".join(
            f"{ROLE_NAMES.get(held.group.name, held.group.name)} ({_day(held.since) or 'tidigare'})"
            for held in account.user.roles_held.all()
        )

    @admin.display(description="Senast inloggad", ordering="user__last_login")
    def shown_sign_in(self, account: Account) -> str:
        return _day(account.user.last_login) or "aldrig"

    @admin.display(description="Läge", ordering="user__is_active")
    def shown_state(self, account: Account) -> str:
        user = account.user
        if user.is_active:
            return "Aktivt"
        return (
            f"Inaktivt sedan {_day(user.paused_at)}, inte använt" if user.paused_at else "Inaktivt"
        )


def _day(time: dt.datetime | None) -> str:
    return f"{timezone.localtime(time):%Y-%m-%d}" if time else ""
