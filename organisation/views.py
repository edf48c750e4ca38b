"""Signing in and out, and the user's settings."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.debug import sensitive_post_parameters

from sesam import dialogs

from .forms import CONTACT, SettingsForm, SignInForm
from .models import User
from .permissions import CARE, ROLES, roles

ROLE_NAMES = {
    "forskrivare": "Förskrivare",
    "buffertansvarig": "Buffertansvarig",
    "controller": "Controller",
    "khs": "Personal på KHS",
    "loggranskare": "Loggranskare",
}


class SignIn(auth.LoginView):
    """`/logga-in/`. Whoever is signed in already goes on."""

    template_name = "organisation/sign_in.html"
    form_class = SignInForm
    redirect_authenticated_user = True

    def get_initial(self) -> dict[str, str]:
        initial = super().get_initial()
        if settings.DEMO:
            initial["username"] = self.request.GET.get("konto", "")[:150]
        return initial

    def form_invalid(self, form: SignInForm) -> HttpResponse:
        response = super().form_invalid(form)
        response.status_code = 422
        return response

    def get_context_data(self, **kwargs) -> dict[str, object]:
        accounts = _demo_accounts() if settings.DEMO else []
        return super().get_context_data(demo_accounts=accounts, **kwargs)


sign_in = sensitive_post_parameters("password")(SignIn.as_view())


def _demo_accounts() -> list[dict[str, str]]:
    users = User.objects.filter(is_demo=True, is_active=True).prefetch_related("groups")
    return [
        {
            "username": user.username,
            "name": str(user),
            "role": next(
                (ROLE_NAMES[g.name] for g in user.groups.all() if g.name in ROLES),
                "Systemadministratör",
            ),
        }
        for user in users.order_by("pk")
    ]


class SignOut(auth.LogoutView):
    """`/logga-ut/`, POST only. The browser forgets its copies; the cart is kept."""

    http_method_names = ["post", "options"]
    next_page = "/logga-in/"

    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        response = super().post(request, *args, **kwargs)
        response["Clear-Site-Data"] = '"cache", "storage"'
        return response


def locked_out(request: HttpRequest, *args, **kwargs) -> HttpResponse:
    """Too many failed sign-ins (axes calls this)."""
    form = SignInForm(request)
    messages.error(
        request, f"För många misslyckade försök. Vänta en stund och försök igen. {CONTACT}"
    )
    context = {"form": form, "next": request.POST.get("next", "")}
    return render(request, "organisation/sign_in.html", context, status=429)


@roles(*CARE)
def preferences(request: HttpRequest) -> HttpResponse:
    """The cog, and the dialog of the first sign-in."""
    wanted = request.GET.get("next", "/")
    if not url_has_allowed_host_and_scheme(wanted, None):
        wanted = "/"
    form = SettingsForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        request.user.default_source = form.cleaned_data["source"]
        request.user.save(update_fields=["default_source"])
        messages.success(request, "Inställningarna är sparade.")
        return dialogs.leave(request, wanted)
    first = not request.user.default_source
    context = {
        "form": form,
        "first": first,
        "dialog": {
            "title": "Inställningar",
            "cancel_url": "" if first else wanted,
            "finish": "Spara inställningar",
        },
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "organisation/settings.html", context, status=status)


def settings_url(next_url: str) -> str:
    """The dialog's address, which goes on to ``next_url`` when it is answered."""
    return f"{reverse('settings')}?{urlencode({'next': next_url})}"
