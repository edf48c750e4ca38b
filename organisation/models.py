"""Who works with the portal, where, and who looked at whom."""

import datetime as dt
import uuid

import pgtrigger
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property

from sesam.addresses import Address
from sesam.models import CaseNumber, CaseNumberKey

from .role_names import ROLE_NAMES


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
        return waiting[: Message.MOST_UNREAD + 1].count()


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


class Audience(models.Model):
    """Whom something is for: everybody, those with a role, or those of a unit."""

    role = models.CharField("roll", max_length=20, choices=ROLE_NAMES.items(), blank=True)
    unit = models.ForeignKey(
        Unit,
        verbose_name="tjänsteställe",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role="") | models.Q(unit=None), name="%(class)s_for_one_group"
            )
        ]

    @property
    def audience(self) -> str:
        """In words."""
        if self.role:
            return f"Roll: {self.get_role_display()}"
        return f"Tjänsteställe: {self.unit}" if self.unit_id else "Alla"


class Notice(Audience):
    """What KHS tells all, a role, a unit or one user: a message each, made by a job.

    ``told`` is how many have got it so far; all have when ``sent_at`` is set.
    """

    title = models.CharField("rubrik", max_length=120)
    text = models.TextField("text", max_length=2000)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="användare",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="skickat av",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    created_at = models.DateTimeField("skrivet", auto_now_add=True)
    told = models.PositiveIntegerField("mottagare", default=0)
    sent_at = models.DateTimeField("skickat till alla", null=True, blank=True)

    class Meta:
        verbose_name = "meddelande från KHS"
        verbose_name_plural = "meddelanden från KHS"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role="", unit=None)
                | models.Q(role="", user=None)
                | models.Q(unit=None, user=None),
                name="notice_for_one_group",
            )
        ]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(sent_at=None), name="notices_being_sent")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def audience(self) -> str:
        return str(self.user) if self.user_id else super().audience


class MessageKind(models.TextChoices):
    """What a message is about. Of each kind users choose whether it comes by e-mail too."""

    DELIVERED = "delivered", "Leveranser"
    BACKLOG = "backlog", "Ändrade leveransdagar"
    OFFER = "offer", "Offerter som väntar på svar"
    ACTIVITY = "activity", "Aktiviteter som är klara"
    DEVIATION = "deviation", "Svar på avvikelser och reklamationer"
    CART = "cart", "Pågående beställning som snart tas bort"
    FOLLOW_UP = "follow_up", "Hjälpmedel att följa upp"
    NOTICE = "notice", "Information från KHS"
    ACCOUNT = "account", "Ditt konto"
    EMERGENCY = "emergency", "Reservinloggningar"
    OTHER = "other", "Annat om dina ärenden"


class Message(models.Model):
    """What the portal has told a user (``organisation.messages``).

    ``about`` is the opaque id of the recipient whom the text may tell something of: reading it is a
    look at their data, and the database empties it when the person becomes protected (a trigger on
    recipients).
    """

    MOST_UNREAD = 99  # the bar counts no further

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="till",
        on_delete=models.PROTECT,
        related_name="messages",
        db_index=False,
    )
    title = models.CharField("rubrik", max_length=120)
    text = models.TextField("text", max_length=2000, blank=True)
    case = CaseNumberKey(
        CaseNumber,
        verbose_name="ärende",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    about = models.UUIDField("om", null=True)
    kind = models.CharField(
        "slag", max_length=12, choices=MessageKind.choices, default=MessageKind.OTHER
    )
    notice = models.ForeignKey(
        Notice,
        verbose_name="meddelande från KHS",
        null=True,
        on_delete=models.PROTECT,
        related_name="messages",
        db_index=False,
    )
    sent_at = models.DateTimeField("skickat", auto_now_add=True)
    read_at = models.DateTimeField("läst", null=True)
    archived_at = models.DateTimeField("arkiverat", null=True)

    class Meta:
        verbose_name = "meddelande"
        verbose_name_plural = "meddelanden"
        ordering = ["-sent_at", "-id"]
        indexes = [
            models.Index(fields=["user", "-sent_at", "-id"], name="messages_of_a_user"),
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="messages_unread"),
            models.Index(
                fields=["about"],
                condition=models.Q(about__isnull=False),
                name="messages_about_somebody",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "user"],
                condition=models.Q(notice__isnull=False),
                name="a_notice_once_a_user",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=MessageKind.values), name="message_kind_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class MailState(models.TextChoices):
    WAITING = "waiting", "Väntar på att skickas"
    SENT = "sent", "Skickat"
    REFUSED = "refused", "Adressen tas inte emot"
    GIVEN_UP = "given_up", "Kunde inte skickas"


class Mail(models.Model):
    """That a message also goes by e-mail (``organisation.mail``). It holds no address and no text:
    the letter says what kind of message waits, and goes where its user's mail goes then."""

    message = models.OneToOneField(
        Message, verbose_name="meddelande", on_delete=models.PROTECT, related_name="mail"
    )
    state = models.CharField(
        "läge", max_length=8, choices=MailState.choices, default=MailState.WAITING
    )
    written_at = models.DateTimeField("skrivet", auto_now_add=True)
    attempts = models.PositiveSmallIntegerField("försök", default=0)
    next_try = models.DateTimeField("nästa försök", default=timezone.now)
    fault = models.CharField("varför", max_length=120, blank=True)
    sent_at = models.DateTimeField("skickat", null=True)

    class Meta:
        verbose_name = "e-post"
        verbose_name_plural = "e-post"
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["next_try"], condition=models.Q(state="waiting"), name="mail_to_send"
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=MailState.values), name="mail_state_is_known"
            )
        ]

    def __str__(self) -> str:
        return self.get_state_display()


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


class AccessLogEntry(models.Model):
    """Somebody looked at, searched for or changed a person's data. Rows are never changed; its
    owner thins it after its legal years (``manage.py thin_access_log``).

    ``recipient_key`` is the recipient's opaque id; a search that found nobody has only the
    keyed digest of what was searched for, so that no personal number stands in the log. What no
    user asked for was done by a job, whose name stands there.
    """

    class Action(models.TextChoices):
        SEARCH = "search", "Sökte"
        MISS = "miss", "Sökte utan träff"
        VIEW = "view", "Visade"
        CHANGE = "change", "Ändrade"
        CREATE = "create", "Skapade"
        PRINT = "print", "Skrev ut"
        DOWNLOAD = "download", "Laddade ner"
        REFUSED = "refused", "Nekades"

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField("tid", auto_now_add=True, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="användare",
        null=True,
        on_delete=models.PROTECT,
        db_index=False,
    )
    job = models.CharField("jobb", max_length=60, blank=True, db_default="")
    unit = models.ForeignKey(
        Unit,
        verbose_name="tjänsteställe",
        null=True,
        on_delete=models.PROTECT,
        db_index=False,
    )
    action = models.CharField("vad", max_length=10, choices=Action.choices)
    recipient_key = models.UUIDField("mottagare", null=True)
    searched = models.CharField("sökt, som kontrollsumma", max_length=64, blank=True)
    detail = models.CharField("detalj", max_length=200, blank=True)
    case_number = models.CharField("ärende", max_length=12, blank=True)
    ip = models.GenericIPAddressField("från", null=True)

    class Meta:
        verbose_name = "åtkomstlogg"
        verbose_name_plural = "åtkomstlogg"
        ordering = ["-at", "-id"]
        # «Who looked at this person, when», «whom did this user look at, when»: read from the end
        # that was asked for, however long the log. (Not partitioned: see the migration.)
        indexes = [
            models.Index(
                fields=["recipient_key", "at"],
                condition=models.Q(recipient_key__isnull=False),
                name="log_of_a_recipient",
            ),
            models.Index(fields=["user", "at"], name="log_of_a_user"),
            models.Index(fields=["unit", "at"], name="log_of_a_unit"),
            models.Index(
                fields=["searched", "at"],
                condition=models.Q(recipient_key__isnull=True),
                name="log_of_a_miss",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=False) | ~models.Q(job=""), name="somebody_did_it"
            )
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update),
            # The owner alone may remove anything here, and not even the owner this.
            pgtrigger.Protect(
                name="kept_for_years",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.at > now() - interval '5 years'"),
            ),
            pgtrigger.Trigger(
                name="no_truncate",
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                level=pgtrigger.Statement,
                func="RAISE EXCEPTION 'append-only: % cannot be truncated', TG_TABLE_NAME;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.get_action_display()}"


def opaque_id() -> uuid.UUID:
    """A random id that tells nothing about what it names."""
    return uuid.uuid4()
