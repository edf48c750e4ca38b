"""Roles, and how a view says who may use it."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django_htmx.http import HttpResponseClientRedirect

FORSKRIVARE = "forskrivare"
BUFFERT = "buffertansvarig"
CONTROLLER = "controller"
KHS = "khs"
LOGGRANSKARE = "loggranskare"
ROLES = (FORSKRIVARE, BUFFERT, CONTROLLER, KHS, LOGGRANSKARE)

# Who works with recipients in the portal.
CARE = (FORSKRIVARE, BUFFERT, KHS)


def roles_of(user) -> frozenset[str]:
    """The user's roles; the signed-in user of a request comes with them (backends.py)."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    found = getattr(user, "_roles", None)
    if found is None:
        names = getattr(user, "role_names", None)
        found = frozenset(user.groups.values_list("name", flat=True) if names is None else names)
        user._roles = found
    return found


def has_role(user, *wanted: str) -> bool:
    """Whether the user has one of the roles. A superuser has none of them by that alone."""
    return not roles_of(user).isdisjoint(wanted)


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Send a logged-out visitor to the sign-in page; a page part can't show it, so htmx goes."""
    redirect = redirect_to_login(request.get_full_path())
    htmx = getattr(request, "htmx", None)
    if htmx:
        here = htmx.current_url_abs_path or "/"
        return HttpResponseClientRedirect(redirect_to_login(here).url)
    return redirect


def roles(*wanted: str) -> Callable:
    """Only for users with one of ``wanted``; with none named, for everybody signed in."""

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def checked(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            if wanted and not has_role(request.user, *wanted):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return checked

    return decorate
