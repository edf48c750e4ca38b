"""Who works with the portal, and where."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.functional import cached_property

from sesam.addresses import Address


class Source(models.TextChoices):
    """Where a line of an order is delivered from."""

    CENTRAL = "central", "Hjälpmedelsverksamhet"
    OWN_STORE = "own", "Eget förråd"


class Payer(models.Model):
    """A municipality or the region."""

    class Kind(models.TextChoices):
        MUNICIPALITY = "municipality", "Kommun"
        REGION = "region", "Region"

    code = models.CharField("kod", max_length=8, unique=True)
    name = models.CharField("namn", max_length=80)
    kind = models.CharField("slag", max_length=16, choices=Kind.choices, default=Kind.MUNICIPALITY)
    is_active = models.BooleanField(
        "aktiv",
        default=True,
        help_text="En betalare som inte är aktiv faktureras ändå för det som redan är lämnat ut;"
        " provkörningen av månaden säger till.",
    )

    class Meta:
        verbose_name = "betalare"
        verbose_name_plural = "betalare"
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Warehouse(Address):
    """A KHS warehouse or a municipality's own store."""

    class Kind(models.TextChoices):
        CENTRAL = "central", "KHS lager"
        BUFFER = "buffer", "Eget förråd"

    number = models.CharField("nummer", max_length=8, unique=True)
    name = models.CharField("namn", max_length=80)
    kind = models.CharField("slag", max_length=8, choices=Kind.choices)
    owner = models.ForeignKey(Payer, verbose_name="ägare", on_delete=models.PROTECT)
    lead_time = models.PositiveSmallIntegerField("ledtid i arbetsdagar", default=3)
    may_register_individuals = models.BooleanField("får registrera individer", default=False)
    is_active = models.BooleanField("aktiv", default=True)

    class Meta:
        verbose_name = "lager"
        verbose_name_plural = "lager"
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    @property
    def is_central(self) -> bool:
        return self.kind == self.Kind.CENTRAL


class Unit(Address):
    """A workplace that users order for (tjänsteställe)."""

    code = models.CharField("kod", max_length=12, unique=True)
    name = models.CharField("namn", max_length=80)
    payer = models.ForeignKey(Payer, verbose_name="betalare", on_delete=models.PROTECT)
    delivering_warehouse = models.ForeignKey(
        Warehouse, verbose_name="levererande lager", on_delete=models.PROTECT, related_name="+"
    )
    own_stores = models.ManyToManyField(
        Warehouse, verbose_name="egna förråd", blank=True, related_name="units"
    )
    phone = models.CharField("telefon", max_length=20, blank=True)
    hsa_id = models.CharField(
        "HSA-id",
        max_length=31,
        unique=True,
        null=True,
        blank=True,
        help_text="Vårdenhetens. Den som loggar in med SITHS i ett uppdrag för vårdenheten får"
        " tjänstestället förvalt.",
    )
    is_active = models.BooleanField("aktiv", default=True)

    class Meta:
        verbose_name = "tjänsteställe"
        verbose_name_plural = "tjänsteställen"
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser, Address):
    """Somebody who signs in. Roles are groups (``organisation.permissions``). The address is where
    they work, if it isn't the unit's."""

    class Warning(models.TextChoices):
        PAUSE = "pause", "Blir inaktivt"
        END = "end", "Avslutas"

    co = None  # type: ignore[assignment]  # how a model leaves a field of an abstract one out

    orderer_code = models.CharField("beställarkod", max_length=12, blank=True)
    hsa_id = models.CharField("HSA-id", max_length=31, unique=True, null=True, blank=True)
    title = models.CharField("yrkestitel", max_length=60, blank=True)
    phone = models.CharField("telefon", max_length=20, blank=True)
    mobile = models.CharField("mobiltelefon", max_length=20, blank=True)
    units = models.ManyToManyField(
        Unit, verbose_name="tjänsteställen", blank=True, related_name="users"
    )
    default_unit = models.ForeignKey(
        Unit,
        verbose_name="förvalt tjänsteställe",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    payers = models.ManyToManyField(
        Payer, verbose_name="betalare", blank=True, help_text="Vad en controller får se."
    )
    default_source = models.CharField(
        "mina beställningar levereras från", max_length=8, choices=Source.choices, blank=True
    )
    preferences = models.JSONField("egna val", default=dict, blank=True)
    is_technician = models.BooleanField(
        "tekniker", default=False, help_text="Utför aktiviteter på KHS verkstad."
    )
    is_demo = models.BooleanField("demokonto", default=False, editable=False)
    # What becomes of an account that nobody uses (``accounts``).
    warned_at = models.DateTimeField("varnad", null=True, editable=False)
    warned_of = models.CharField(
        "varnad för", max_length=5, choices=Warning.choices, blank=True, editable=False
    )
    paused_at = models.DateTimeField("inaktiv, inte använt", null=True, editable=False)
    ended_at = models.DateTimeField("avslutat", null=True, editable=False)
    ended_as = models.CharField(
        "roller och tjänsteställen när det avslutades", max_length=500, blank=True, editable=False
    )
    reopened_at = models.DateTimeField("aktiverat igen", null=True, editable=False)

    class Meta:
        verbose_name = "användare"
        verbose_name_plural = "användare"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_active=False)
                | models.Q(paused_at__isnull=True, ended_at__isnull=True),
                name="paused_or_ended_is_inactive",
            )
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @cached_property
    def roles(self) -> frozenset[str]:
        """Names of the roles; the user of a request comes with them (``backends``)."""
        names = getattr(self, "role_names", None)
        return frozenset(self.groups.values_list("name", flat=True) if names is None else names)

    @cached_property
    def unread(self) -> int:
        """How many messages wait, up to ``Message.MOST_UNREAD`` and one more; the user of a request
        comes with it."""
        counted: int | None = getattr(self, "unread_messages", None)
        return self.count_unread() if counted is None else counted

    def count_unread(self) -> int:
        waiting = self.messages.filter(read_at=None).order_by()
        return waiting[: waiting.model.MOST_UNREAD + 1].count()


class RoleHeld(models.Model):
    """That a user has a role, and since when: the rows between users and groups, to be read. The
    database notes the time, whatever writes; of what was there before it did nobody knows."""

    user = models.ForeignKey(User, on_delete=models.DO_NOTHING, related_name="roles_held")
    group = models.ForeignKey("auth.Group", on_delete=models.DO_NOTHING, related_name="+")
    since = models.DateTimeField("sedan", null=True)

    class Meta:
        managed = False
        db_table = "organisation_user_groups"
        ordering = ["since", "id"]

    def __str__(self) -> str:
        return str(self.group)


class Account(models.Model):
    """A user at a unit, and since when: the rows between users and units, to be read; as above."""

    user = models.ForeignKey(
        User, verbose_name="användare", on_delete=models.DO_NOTHING, related_name="+"
    )
    unit = models.ForeignKey(
        Unit, verbose_name="tjänsteställe", on_delete=models.DO_NOTHING, related_name="+"
    )
    since = models.DateTimeField("på tjänstestället sedan", null=True)

    class Meta:
        managed = False
        db_table = "organisation_user_units"
        verbose_name = "konto"
        verbose_name_plural = "konton"

    def __str__(self) -> str:
        return f"{self.user}, {self.unit}"


def opaque_id() -> uuid.UUID:
    """A random id that tells nothing about what it names."""
    return uuid.uuid4()
