"""Signing in, and a user's own settings."""

import json
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm
from django.db import transaction

from sesam.address_forms import ADDRESS_LABELS, ChecksDetails
from sesam.form_fields import RecordField, choice, record_choice

from . import behalf, emergency, mail, sign_in_pace
from .models import MessageKind, Source, Unit, User
from .permissions import CARE, LOGGRANSKARE, has_role
from .stores import own_stores

CHOICES = {
    Source.CENTRAL: "Hjälpmedelsverksamhetens lager",
    Source.OWN_STORE: "Eget förråd",
}


def support() -> str:
    """Whom to turn to who can't sign in."""
    phone = settings.AID_CENTRE["phone"]
    return "systemförvaltaren på KHS" + (f", telefon {phone}" if phone else "")


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
    code = forms.CharField(
        label="Engångskod",
        help_text="Sex siffror ur din app för engångskoder.",
        max_length=20,
        error_messages={"required": "Skriv engångskoden."},
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )

    wait = 0  # seconds until this name may be tried from here

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        failed = (
            "Inloggningen misslyckades. Kontrollera användarnamn och lösenord. Kommer du ändå inte"
            f" in, kontakta {support()}."
        )
        if not emergency.code_is_asked_for():
            del self.fields["code"]
        else:
            failed = (
                "Inloggningen misslyckades. Kontrollera användarnamn, lösenord och engångskod. En kod"
                " gäller en gång, och bara den som har fått en kan logga in så. Kontakta annars"
                f" {support()}."
            )
        inactive = f"Inloggningen misslyckades. Kontakta {support()}."
        self.error_messages = {"invalid_login": failed, "inactive": inactive}

    def clean_username(self) -> str:
        # PostgreSQL takes no NUL in text.
        return str(self.cleaned_data["username"]).replace("\0", "")

    def clean_code(self) -> str:
        return "".join(self.cleaned_data["code"].split())  # apps show it as two groups

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
        if name and not self.errors:
            self.user_cache = authenticate(self.request, **self.cleaned_data)
            if self.user_cache is None:
                raise self.get_invalid_login_error()
            self.confirm_login_allowed(self.user_cache)
        return self.cleaned_data


class SettingsForm(forms.Form):
    """«Mina beställningar levereras från», of those who order: «Eget förråd» only for those who have
    one. Whoever has chosen that before can also switch off the keys of one letter (WCAG 2.1.4)."""

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
        orders = has_role(user, *CARE)
        keys = self.fields["letter_keys"]
        if has_role(user, LOGGRANSKARE):
            keys.label = "Snabbtangenter med en bokstav eller siffra"
            in_lists = keys.help_text if orders else ""
            keys.help_text = f"{in_lists} I ett stickprov: 1, 2 och 3 väljer bedömning, J går till nästa.".strip()
        if user.default_source or not orders:
            keys.initial = user.preferences.get("letter_keys", True)
        else:
            del self.fields["letter_keys"]
        if not orders:
            del self.fields["default_source"]
            return
        offered = dict(CHOICES)
        if not own_stores(user).exists():
            del offered[Source.OWN_STORE]
        field = choice(self, "default_source")
        field.choices = [(source.value, label) for source, label in offered.items()]
        current = user.default_source if user.default_source in offered else ""
        field.initial = current or (Source.CENTRAL if len(offered) == 1 else "")

    @transaction.atomic
    def save(self, user: User) -> None:
        """Another tab may choose another preference at the same time."""
        mine = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if "default_source" in self.fields:
            mine.default_source = self.cleaned_data["default_source"]
        if "letter_keys" in self.fields:
            mine.preferences["letter_keys"] = self.cleaned_data["letter_keys"]
        mine.save(update_fields=["default_source", "preferences"])


class UnitSettingsForm(SettingsForm):
    """«Mina inställningar» of «Min sida»: which of one's units is the active one, too."""

    unit = RecordField(
        Unit.objects.none(), label="Tjänsteställe", empty_label=None,
        help_text="Det väljs först i allt du registrerar. En pågående beställning ligger kvar på"
        " det tjänsteställe som den börjades för.",
        error_messages={
            "required": "Välj ett tjänsteställe.",
            "invalid_choice": "Välj ett av dina tjänsteställen.",
        },
    )  # fmt: skip
    field_order = ("unit", "default_source", "letter_keys")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        units = record_choice(self, "unit")
        units.queryset = behalf.units_of(user)
        units.initial = user.default_unit_id

    @transaction.atomic
    def save(self, user: User) -> None:
        """Raises ``DomainError`` (``field`` "unit") where the unit has been taken from them since."""
        super().save(user)
        behalf.choose_unit(user, self.cleaned_data["unit"])


class MailForm(forms.Form):
    """Which kinds of messages come by e-mail too."""

    kinds = forms.MultipleChoiceField(
        label="Skicka också som e-post",
        choices=[choice for choice in MessageKind.choices if choice[0] not in mail.UNASKED],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Välj bland meddelandena i listan."},
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["kinds"].initial = sorted(mail.chosen_by(user))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kinds") and not self.user.email:
            raise forms.ValidationError(
                {"kinds": "Du har ingen e-postadress. Skriv den under Min sida och välj sedan här."}
            )
        return cleaned

    @transaction.atomic
    def save(self, user: User) -> None:
        """Another tab may choose another preference at the same time."""
        mine = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        mine.preferences[mail.CHOSEN] = self.cleaned_data["kinds"]
        mine.save(update_fields=["preferences"])


class ContactForm(ChecksDetails[User]):
    """A user's own contact details; they are proposed where an order asks whom to call. ``shown`` is
    what the page was drawn with: what wasn't touched since isn't written."""

    shown = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    postcode = forms.CharField(
        label="Postnummer",
        required=False,
        max_length=10,
        widget=forms.TextInput(attrs={"autocomplete": "postal-code", "inputmode": "numeric"}),
    )

    class Meta:
        model = User
        fields = ("street", "postcode", "locality", "phone", "mobile", "email")
        labels = {
            "street": ADDRESS_LABELS["street"],
            "locality": ADDRESS_LABELS["locality"],
            "phone": "Telefon",
            "mobile": "Mobiltelefon",
            "email": "E-post",
        }
        widgets = {
            "street": forms.TextInput(attrs={"autocomplete": "street-address"}),
            "locality": forms.TextInput(attrs={"autocomplete": "address-level2"}),
            "phone": forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
            "mobile": forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }
        error_messages = {"email": {"invalid": "Skriv e-postadressen som namn@exempel.se."}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = {name: str(self.initial.get(name) or "") for name in self._meta.fields or ()}
        self.fields["shown"].initial = json.dumps(held, ensure_ascii=False)

    def write(self, user: User) -> None:
        """The rest may have been changed by others, or in another tab, since the page was opened."""
        before = self._before()
        changed = {
            name: self.cleaned_data[name]
            for name in self._meta.fields or ()
            if before.get(name) != self.data.get(name, "").strip()
        }
        User.objects.filter(pk=user.pk).update(**changed)

    def _before(self) -> dict[str, Any]:
        try:
            before = json.loads(self.cleaned_data["shown"])
        except (ValueError, RecursionError):
            return {}
        return before if isinstance(before, dict) else {}
