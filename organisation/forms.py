"""Signing in, and a user's own settings."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.db import transaction

from sesam.form_fields import choice

from . import sign_in_pace
from .models import Source, User
from .stores import own_stores

SUPPORT = "systemförvaltaren på KHS, telefon 08-465 004 20"
CHOICES = {
    Source.CENTRAL: "Hjälpmedelsverksamhetens lager",
    Source.OWN_STORE: "Eget förråd",
}


class SignInForm(AuthenticationForm):
    """User name and password. One sentence for everything that fails: no names leak."""

    username = forms.CharField(
        label="Användarnamn",
        max_length=150,
        error_messages={"required": "Skriv ditt användarnamn."},
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label="Lösenord",
        strip=False,
        max_length=500,
        error_messages={"required": "Skriv ditt lösenord."},
        widget=forms.PasswordInput,
    )
    error_messages = {
        "invalid_login": "Inloggningen misslyckades. Kontrollera användarnamn och lösenord."
        f" Kommer du ändå inte in, kontakta {SUPPORT}.",
        "inactive": f"Inloggningen misslyckades. Kontakta {SUPPORT}.",
    }

    wait = 0  # seconds until this name may be tried from here

    def clean_username(self) -> str:
        # PostgreSQL takes no NUL in text.
        return str(self.cleaned_data["username"]).replace("\0", "")

    def clean(self) -> dict[str, Any]:
        """Whose turn it isn't yet has no password looked at."""
        name = self.cleaned_data.get("username")
        if name and self.request and self.cleaned_data.get("password"):
            self.wait = sign_in_pace.wait(self.request, name)
            if self.wait:
                seconds = "1 sekund" if self.wait == 1 else f"{self.wait} sekunder"
                raise forms.ValidationError(
                    "Just nu misslyckas många inloggningar, därför tas de emot långsammare."
                    f" Vänta {seconds}, skriv lösenordet igen och logga in."
                )
        return super().clean()


class SettingsForm(forms.Form):
    """«Mina beställningar levereras från»: «Eget förråd» only for those who have one. Whoever has
    chosen that before can also switch off the keys of one letter (WCAG 2.1.4)."""

    default_source = forms.ChoiceField(
        label="Mina beställningar levereras från",
        help_text="Det här väljs först på varje rad. Du kan ändra på raden.",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Välj varifrån dina beställningar levereras.",
            "invalid_choice": "Välj ett av alternativen.",
        },
    )
    letter_keys = forms.BooleanField(
        label="Snabbtangenter med en bokstav",
        help_text="När en rad i en lista är vald: J och K går till nästa och förra raden, B"
        " beställer artikeln.",
        required=False,
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = dict(CHOICES)
        if not own_stores(user).exists():
            del offered[Source.OWN_STORE]
        field = choice(self, "default_source")
        field.choices = [(source.value, label) for source, label in offered.items()]
        current = user.default_source if user.default_source in offered else ""
        field.initial = current or (Source.CENTRAL if len(offered) == 1 else "")
        if user.default_source:
            self.fields["letter_keys"].initial = user.preferences.get("letter_keys", True)
        else:
            del self.fields["letter_keys"]

    @transaction.atomic
    def save(self, user: User) -> None:
        """Another tab may choose another preference at the same time."""
        mine = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        mine.default_source = self.cleaned_data["default_source"]
        if "letter_keys" in self.fields:
            mine.preferences["letter_keys"] = self.cleaned_data["letter_keys"]
        mine.save(update_fields=["default_source", "preferences"])
