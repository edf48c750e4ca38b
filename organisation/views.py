"""Signing in and out, and the settings under the cog."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings as conf
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, login, logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from sesam import dialogs, unsent
from sesam.slots import after_sign_in

from . import emergency
from .forms import SettingsForm, SignInForm, support
from .models import User
from .permissions import CARE, LOGGRANSKARE, UserRequest, has_role, roles
from .role_names import ROLE_NAMES
from .siths.provider import way_out

BACKEND = "organisation.backends.PortalBackend"  # knows who is behind a session, however they came
ID_TOKEN = "siths"  # noqa: S105  in the session of whoever came by SITHS: what signs them out there


def safe_next(request: HttpRequest, fallback: str = "/") -> str:
    """Where the visitor wanted to go, if that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if ours and not wanted.startswith("/logga-") else fallback


@never_cache
@csrf_protect
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """SITHS, and name and password where the settings allow these. Open to everybody."""
    after = safe_next(request)
    if request.user.is_authenticated and request.method != "POST":
        return HttpResponseRedirect(after)
    status = 200
    if not emergency.passwords_are_taken():
        form = SignInForm(request)
        status = 403 if request.method == "POST" else 200
    elif request.method == "POST":
        form = SignInForm(request, request.POST)
        if form.is_valid():
            if emergency.code_is_asked_for():
                emergency.told(form.get_user())
            return enter(request, form.get_user(), after)
        status = 422
        if getattr(request, "axes_locked_out", False):
            status = conf.AXES_HTTP_RESPONSE_CODE
            form.errors.pop("__all__", None)
            form.add_error(None, _locked_text())
        elif form.wait:
            status = 429
    else:
        form = SignInForm(request, initial=_demo_choice(request))
        if form.initial:
            form.fields["password"].widget.render_value = True
    context = {
        "form": form,
        "next": after if after != "/" else "",
        "reason": _reason(request, after),
        "siths_url": _siths_url(after),
        "passwords": emergency.passwords_are_taken(),
        "emergency": emergency.code_is_asked_for(),
        "demo_accounts": _demo_accounts(),
    }
    response = render(request, "organisation/sign_in.html", context, status=status)
    if request.method == "POST" and form.wait:
        response["Retry-After"] = str(form.wait)
    return response


def _siths_url(after: str) -> str:
    """«Logga in med SITHS», and back to where one was; empty where the portal has no provider."""
    if not conf.OIDC_OP_ISSUER:
        return ""
    return reverse("siths") + (f"?{urlencode({'next': after}, safe='/')}" if after != "/" else "")


def enter(request: HttpRequest, user: User, after: str) -> HttpResponse:
    """Sign in, and go where the visitor wanted to."""
    _log_in(request, user)
    first = (entry.url(request, after) for entry in after_sign_in)
    return dialogs.leave(request, next(filter(None, first), after))


def _log_in(request: HttpRequest, user: User) -> None:
    """Sign in. Who comes back keeps the secret that the forms of other tabs were drawn with: what
    is typed there can still be sent. Somebody else gets a new one, as Django gives."""
    secret = request.META.get("CSRF_COOKIE")
    same = unsent.last_user(request) == str(user.pk)
    login(request, user, backend=BACKEND)
    if same and secret:
        request.META["CSRF_COOKIE"] = secret


def _reason(request: HttpRequest, after: str) -> str:
    """Why the visitor was sent here; empty for one who came by themselves."""
    if "next" not in (request.POST or request.GET) or request.user.is_authenticated:
        return ""
    if not unsent.last_user(request):
        return "Logga in för att komma till sidan." if after != "/" else ""
    if SESSION_KEY in request.session:  # it hasn't ended: its user may not sign in any longer
        return f"Ditt konto är inte längre aktivt. Kontakta {support()}."
    minutes = conf.SESSION_COOKIE_AGE // 60
    ended = f"Du är utloggad. Det sker efter {minutes} minuter utan aktivitet."
    if unsent.PARAMETER in parse_qs(urlsplit(after).query):
        return f"{ended} Det du skrev finns kvar och visas när du har loggat in. Inget är skickat."
    return f"{ended} Efter inloggningen kommer du tillbaka dit du var."


def _locked_text() -> str:
    minutes = int(conf.AXES_COOLOFF_TIME.total_seconds() // 60)
    return (
        f"För många misslyckade försök. Vänta {minutes} minuter och försök igen, eller kontakta"
        f" {support()}."
    )


def locked_out(request: HttpRequest, response: HttpResponse, credentials: Any) -> HttpResponse:
    """What axes answers a locked sign-in with: the sign-in page that says so."""
    return response


def _demo_choice(request: HttpRequest) -> dict[str, str]:
    """The demo account that was clicked on, filled in."""
    chosen = request.GET.get("konto", "").replace("\0", "")
    if not conf.DEMO or not User.objects.filter(username=chosen, is_demo=True).exists():
        return {}
    return {"username": chosen, "password": "demo"}


def _demo_accounts() -> list[dict[str, str]]:
    if not conf.DEMO:
        return []
    people = (
        User.objects.filter(is_demo=True, is_active=True)
        .select_related("default_unit")
        .prefetch_related("groups")
        .order_by("pk")
    )
    return [
        {"username": user.username, "name": str(user), "role": _role_text(user)} for user in people
    ]


def _role_text(user: User) -> str:
    names = [ROLE_NAMES.get(group.name, group.name) for group in user.groups.all()]
    if user.is_superuser:
        names.append("Systemadministratör")
    return ", ".join([*names, user.default_unit.name] if user.default_unit else names)


@require_POST
def sign_out(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """Open to everybody. Who came by SITHS signs out there too: else the next at the same computer
    would come in as them. The order in progress stays in the database for the next time."""
    id_token = request.session.get(ID_TOKEN, "")
    logout(request)
    url = reverse("sign_in")
    if id_token:
        url = way_out(id_token, request.build_absolute_uri(url)) or url
    htmx = getattr(request, "htmx", False)
    response = HttpResponseClientRedirect(url) if htmx else HttpResponseRedirect(url)
    response.delete_cookie(unsent.COOKIE, samesite="Lax")
    response["Clear-Site-Data"] = '"cache", "storage"'
    response["Cache-Control"] = "no-store, private"
    return response


@never_cache
def admin_sign_in(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """The back office has no sign-in of its own: one door, one lock."""
    after = safe_next(request, reverse("admin:index"))
    if request.user.is_authenticated:
        if not request.user.is_staff:
            raise PermissionDenied
        return HttpResponseRedirect(after)
    return redirect(f"{reverse('sign_in')}?{urlencode({'next': after}, safe='/')}")


@roles(*CARE, LOGGRANSKARE)
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: UserRequest) -> HttpResponse:
    """«Mina inställningar» under the cog; the same dialog holds up the first login."""
    user = request.user
    first = has_role(user, *CARE) and not user.default_source
    after = safe_next(request)
    form = SettingsForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        form.save(user)
        messages.success(request, "Inställningarna är sparade.")
        return dialogs.leave(request, after)
    dialog = {
        "title": "Välkommen till Hjälpmedelsportalen" if first else "Inställningar",
        "cancel_url": "" if first else after,
        "finish": "Spara inställningar",
        "hint": "Du kan ändra det senare under kugghjulet." if first else "",
    }
    return render(
        request,
        "organisation/settings.html",
        {"form": form, "dialog": dialog},
        status=422 if request.method == "POST" else 200,
    )
