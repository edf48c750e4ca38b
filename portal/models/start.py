"""Whom to turn to, and where else to read: the start page's box «Kontakt»."""

from django.core.validators import URLValidator
from django.db import models

from sesam import phones


def _check_phone(typed: str) -> None:
    phones.checked(typed)


class StartContact(models.Model):
    """Somebody to turn to; on the start page in the order of ``rank``."""

    name = models.CharField("namn", max_length=80)
    title = models.CharField("titel eller funktion", max_length=80, blank=True)
    phone = models.CharField("telefon", max_length=20, blank=True, validators=[_check_phone])
    hours = models.CharField(
        "telefontid", max_length=80, blank=True, help_text="Till exempel «vardagar 8–16»."
    )
    email = models.EmailField("e-post", blank=True)
    rank = models.PositiveSmallIntegerField("ordning", default=0)
    is_active = models.BooleanField("visas", default=True)

    class Meta:
        verbose_name = "kontakt på startsidan"
        verbose_name_plural = "kontakter på startsidan"
        ordering = ["rank", "pk"]

    def __str__(self) -> str:
        return self.name


class StartLink(models.Model):
    """A place outside of the portal: KHS's manuals, the national product database."""

    label = models.CharField("text", max_length=80)
    url = models.URLField(
        "adress",
        max_length=300,
        validators=[URLValidator(["https", "http"], message="Skriv adressen med https:// först.")],
    )
    note = models.CharField("förklaring", max_length=120, blank=True)
    rank = models.PositiveSmallIntegerField("ordning", default=0)
    is_active = models.BooleanField("visas", default=True)

    class Meta:
        verbose_name = "länk på startsidan"
        verbose_name_plural = "länkar på startsidan"
        ordering = ["rank", "pk"]

    def __str__(self) -> str:
        return self.label
