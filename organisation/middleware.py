"""What holds for every page behind sign-in."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from sesam import faults, unsent

from .permissions import CARE, has_role

# Pages that somebody who hasn't chosen yet must still reach.
_FREE = (
    "/logga-", "/installningar/", "/hjalp/", "/tillganglighet/", "/admin/", "/kolumner/", "/static/",
    "/healthz", "/readyz", "/metrics",
)  # fmt: skip


class SignedInPages:
    """Asks those who order, once, where their orders come from; and keeps pages out of caches."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            must_choose = self._must_choose(request)
        except Error as error:  # the first that a page asks the database
            if page := faults.answer(request, error):
                return page
            raise
        if must_choose:
            query = urlencode({"next": request.get_full_path()})
            return HttpResponseRedirect(f"{reverse('settings')}?{query}")
        if (user := getattr(request, "_cached_user", None)) is not None:
            # Without Django's wrapping: a page asks some hundred times who it is for.
            request.user = user
        response = self.get_response(request)
        # Only asked where somebody has already looked it up: files and health checks cost no query.
        if hasattr(request, "_cached_user"):
            if request.user.is_authenticated:
                response.setdefault("Cache-Control", "no-store, private")
                unsent.remember_user(request, response)
                unsent.sent(request, response)
            else:
                unsent.keep(request, response)
        return response

    @staticmethod
    def _must_choose(request: HttpRequest) -> bool:
        """Only whole pages are held up: what is posted goes through, and so do parts for htmx."""
        return (
            request.method == "GET"
            and not request.headers.get("HX-Request")
            and not request.path.startswith(_FREE)
            and request.user.is_authenticated
            and not request.user.default_source
            and has_role(request.user, *CARE)
        )
