"""Address and contact blocks that several records carry."""

from django.db import models


def written(postcode: str) -> str:
    """A postcode as written on paper: «392 45»."""
    digits = "".join(postcode.split())
    return f"{digits[:3]} {digits[3:]}".strip()


class Address(models.Model):
    """A postal address in Sweden; all parts may be blank (protected identity)."""

    co = models.CharField("c/o", max_length=80, blank=True)
    street = models.CharField("gatuadress", max_length=120, blank=True)
    postcode = models.CharField("postnummer", max_length=5, blank=True)
    locality = models.CharField("ort", max_length=60, blank=True)

    class Meta:
        abstract = True

    def address_lines(self) -> list[str]:
        """The lines as written on paper, without blank ones."""
        place = f"{written(self.postcode)} {self.locality}".strip()
        return [line for line in (self.co and f"c/o {self.co}", self.street, place) if line]
