"""What holds for every page behind the sign-in."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from .permissions import CARE, has_role
from .views import settings_url

# Reachable before the first question is answered.
OPEN = ("/installningar/", "/logga-ut/", "/logga-in/", "/static/", "/healthz", "/readyz")


class SignedInPages:
    """Pages of signed-in users are kept nowhere, and the first one asks for the one setting
    that every order needs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self._asks_first(request):
            return redirect(settings_url(request.get_full_path()))
        response = self.get_response(request)
        if not request.path.startswith("/static/") and request.user.is_authenticated:
            response.setdefault("Cache-Control", "no-store, private")
        return response

    @staticmethod
    def _asks_first(request: HttpRequest) -> bool:
        plain_page = request.method == "GET" and not request.headers.get("HX-Request")
        return (
            plain_page
            and not request.path.startswith((*OPEN, "/admin/"))
            and request.user.is_authenticated
            and not request.user.default_source
            and has_role(request.user, *CARE)
        )
