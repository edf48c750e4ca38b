"""«Förskrivarkontakt»: whether the prescriber is to be called before anybody goes there.

It is how infection is told without being named. The recipient has a setting, and each case its
own, copied when it is made: the same choice in all their forms, and ``recipients/_contact.html``
shows it.
"""

from typing import Any

from django import forms

from sesam.status_looks import show_as

WORDS = {True: "Förskrivare ska kontaktas", False: "Förskrivare behöver inte kontaktas"}
YES, NO = "ja", "nej"

show_as({WORDS[True]: ("phone-call", "amber"), WORDS[False]: ("phone-off", "grey")})


class ContactField(forms.TypedChoiceField):
    """Two choice cards; a bool comes in and out."""

    widget = forms.RadioSelect

    def __init__(self, **kwargs: Any) -> None:
        facts: dict[str, Any] = {
            "label": "Förskrivarkontakt",
            "choices": [(YES, WORDS[True]), (NO, WORDS[False])],
            "coerce": lambda value: value == YES,
            "error_messages": {"required": "Välj om förskrivaren ska kontaktas."},
        }
        super().__init__(**(facts | kwargs))

    def prepare_value(self, value: Any) -> Any:
        return (YES if value else NO) if isinstance(value, bool) else value
