"""Roles, and how a view says who may use it."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from .models import User
from .role_names import BUFFERT as BUFFERT
from .role_names import CONTROLLER as CONTROLLER
from .role_names import FORSKRIVARE as FORSKRIVARE
from .role_names import KHS as KHS
from .role_names import LOGGRANSKARE as LOGGRANSKARE

ROLES = (FORSKRIVARE, BUFFERT, CONTROLLER, KHS, LOGGRANSKARE)

P = ParamSpec("P")

# Who works with recipients in the portal.
CARE = (FORSKRIVARE, BUFFERT, KHS)


class UserRequest(HttpRequest):
    """A request of somebody signed in, as ``roles`` hands it to a view."""

    user: User
    htmx: HtmxDetails


def signed_in(request: HttpRequest) -> User:
    """Who asks, where a page is shown to nobody else."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def roles_of(user: User | AnonymousUser) -> frozenset[str]:
    """The user's roles; whoever isn't signed in, or has ended, has none."""
    return user.roles if isinstance(user, User) and user.is_active else frozenset()


def has_role(user: User | AnonymousUser, *wanted: str) -> bool:
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


def roles(
    *wanted: str,
) -> Callable[
    [Callable[Concatenate[UserRequest, P], HttpResponseBase]],
    Callable[Concatenate[HttpRequest, P], HttpResponseBase],
]:
    """Only for users with one of ``wanted``; with none named, for everybody signed in."""

    def decorate(
        view: Callable[Concatenate[UserRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            if wanted and not has_role(request.user, *wanted):
                raise PermissionDenied
            return view(cast(UserRequest, request), *args, **kwargs)

        return checked

    return decorate
