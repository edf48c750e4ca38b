"""The back office: the site itself, and what every page of it is made of."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import admin as _roles  # noqa: F401  as the jobs below
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django_otp.plugins.otp_totp import admin as _codes  # noqa: F401  as the jobs below
from django_otp.plugins.otp_totp.models import TOTPDevice
from procrastinate.contrib.django import admin as _jobs  # noqa: F401  registered, to be taken away
from procrastinate.contrib.django.models import ProcrastinateJob

from .. import views
from .parts import (
    AddedOnce,
    ChangesAlone,
    ForKhs,
    Locked,
    ShownHistory,
    as_text,
    for_khs,
    told_of_nobody,
)

__all__ = [
    "AddedOnce",
    "ChangesAlone",
    "ForKhs",
    "Locked",
    "ShownHistory",
    "as_text",
    "for_khs",
    "told_of_nobody",
]

admin.site.site_header = "Hjälpmedelsportalen, KHS"
admin.site.site_title = "Hjälpmedelsportalen"
admin.site.index_title = "Administration"
admin.site.empty_value_display = "–"
admin.site.site_url = None  # the head has «Till portalen»
# One door, one lock: the site is Django's own, its doors are the portal's.
admin.site.login = views.admin_sign_in  # type: ignore[method-assign]
admin.site.logout = views.sign_out  # type: ignore[method-assign, assignment]


def _app_list(request: HttpRequest, app_label: str | None = None) -> Any:
    """Django gives it to every page, for a menu that ours don't have: made where it is shown."""
    return SimpleLazyObject(lambda: admin.AdminSite.get_app_list(admin.site, request, app_label))


admin.site.get_app_list = _app_list  # type: ignore[method-assign]

admin.site.unregister(Group)  # `registers` has the portal's own
# Jobs are looked at by `manage.py procrastinate`: their own pages are for developers, in English.
admin.site.unregister(ProcrastinateJob)
# One-time codes are given at the server (`manage.py emergency_account`): the page shows their secrets.
admin.site.unregister(TOTPDevice)

from . import accounts as accounts  # noqa: E402  each registers its own
from . import letters as letters  # noqa: E402
from . import reasons as reasons  # noqa: E402
from . import registers as registers  # noqa: E402
