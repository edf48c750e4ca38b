"""On the way in: wrong passwords, whose turn it is, and who is at the identity provider."""

import datetime as dt

from django.db import models


class SignInFailure(models.Model):
    """A wrong password: for which name, as a keyed checksum, and where from (``sign_in_pace``)."""

    name = models.CharField("namn, som kontrollsumma", max_length=64)
    address = models.CharField("från", max_length=43, blank=True)
    at = models.DateTimeField("tid")

    class Meta:
        verbose_name = "misslyckad inloggning"
        verbose_name_plural = "misslyckade inloggningar"
        indexes = [models.Index(fields=["name", "at"]), models.Index(fields=["address", "at"])]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.address}"


class SignInTurn(models.Model):
    """When the next try of a name from an address is taken, where sign-ins are slowed."""

    name = models.CharField("namn, som kontrollsumma", max_length=64)
    address = models.CharField("från", max_length=43, blank=True)
    opens_at = models.DateTimeField("från och med", db_index=True)

    class Meta:
        verbose_name = "väntande inloggning"
        verbose_name_plural = "väntande inloggningar"
        constraints = [
            models.UniqueConstraint(fields=["name", "address"], name="one_turn_for_a_pair")
        ]

    def __str__(self) -> str:
        return f"{self.opens_at:%Y-%m-%d %H:%M:%S} {self.address}"


class SithsTry(models.Model):
    """Somebody on the way to the identity provider (``siths``). Coming back takes the row away, so
    that an answer is taken once; ``browser`` is the checksum of what the browser's cookie says."""

    KEPT = dt.timedelta(minutes=15)

    state = models.CharField("tillstånd", max_length=64, unique=True)
    nonce = models.CharField("engångsvärde", max_length=64)
    verifier = models.CharField("PKCE", max_length=128)
    browser = models.CharField("webbläsare, som kontrollsumma", max_length=64)
    after = models.TextField("dit efteråt", default="/")
    began_at = models.DateTimeField("började", auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = "påbörjad inloggning med SITHS"
        verbose_name_plural = "påbörjade inloggningar med SITHS"

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M:%S}"
