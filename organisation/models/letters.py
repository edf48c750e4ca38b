"""What is told to those who work: notices, messages, and that a message goes by e-mail."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from sesam.models import CaseNumber, CaseNumberKey

from ..role_names import ROLE_NAMES
from .people import Unit


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
    RECALL = "recall", "Återkallelser"
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
                fields=["read_at"], condition=models.Q(read_at__isnull=False), name="messages_read"
            ),
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
