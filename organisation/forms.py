from django import forms
from django.contrib.auth.forms import AuthenticationForm

from .models import Source, User

CONTACT = "Kontakta systemförvaltaren på KHS om du inte kommer in."


class SignInForm(AuthenticationForm):
    """User name and password; a failure says whom to contact."""

    error_messages = {
        "invalid_login": f"Fel användarnamn eller lösenord. {CONTACT}",
        "inactive": f"Kontot är avstängt. {CONTACT}",
    }

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "Användarnamn"
        self.fields["username"].error_messages["required"] = "Skriv ditt användarnamn."
        self.fields["password"].label = "Lösenord"
        self.fields["password"].error_messages["required"] = "Skriv ditt lösenord."


class SettingsForm(forms.Form):
    """«Mina beställningar levereras från»."""

    LABELS = {
        Source.CENTRAL: "Hjälpmedelsverksamhetens lager",
        Source.OWN_STORE: "Eget förråd",
    }

    source = forms.ChoiceField(
        label="Mina beställningar levereras från",
        widget=forms.RadioSelect,
        help_text="Det du väljer är förvalt på varje rad du beställer. Du kan ändra det per rad.",
        error_messages={
            "required": "Välj varifrån dina beställningar ska levereras.",
            "invalid_choice": "Välj ett av alternativen.",
        },
    )

    def __init__(self, *args, user: User, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        has_store = user.units.filter(own_stores__isnull=False).exists()
        offered = list(self.LABELS.items()) if has_store else list(self.LABELS.items())[:1]
        self.fields["source"].choices = offered
        self.fields["source"].initial = user.default_source or offered[0][0]
