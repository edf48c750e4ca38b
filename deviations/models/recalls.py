"""Recalls (återkallelser): what a manufacturer warns of, and each piece that it may be about."""

from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q, Sum

from articles.models import Article
from individuals.models import Block, BlockReason, Individual, Watch
from individuals.watching import Reason, Sureness
from organisation.models import Unit, User, Warehouse
from organisation.permissions import KHS, has_role
from recipients.cases import Case, CaseEvent, CaseQuerySet
from recipients.models import Loan
from sesam.attachments import Attachment
from sesam.models import Awaited, CaseNumber, CaseNumberKey
from sesam.status_looks import show_as


class RecallStatus(models.TextChoices):
    """«Registrerad» until the list of what it is about is complete."""

    REGISTERED = "registered", "Registrerad"
    ONGOING = "ongoing", "Pågående"
    CLOSED = "closed", "Avslutad"


class Found(models.TextChoices):
    """Where a piece was when it was found; where it is now, it says itself."""

    IN_STOCK = "in_stock", "I lager"
    HELD = "held", "Hos mottagare"
    WORKSHOP = "workshop", "Hos verkstad"
    MISSING = "missing", "Saknas"
    SCRAPPED = "scrapped", "Skrotad"


class Told(models.TextChoices):
    """How somebody was told first."""

    MESSAGE = "message", "Meddelande"
    LETTER = "letter", "Brev"
    CALL = "call", "Samtal"


class Answer(models.TextChoices):
    """What became of a piece. That the recall isn't about it after all only KHS can say."""

    TAKEN_OUT = "taken_out", "Tagen ur bruk"
    REPLACED = "replaced", "Utbytt"
    REMEDIED = "remedied", "Åtgärdad"
    NOT_FOUND = "not_found", "Hittas inte"
    NOT_MEANT = "not_meant", "Berörs inte"


class ItemState(models.TextChoices):
    """How far one has come with a piece; of what its row says, see ``RecallItem.state``."""

    OURS = "ours", "Hos KHS"
    NOT_REACHED = "not_reached", "Inte nådd"
    CONTACTED = "contacted", "Kontaktad"
    CONFIRMED = "confirmed", "Bekräftad"
    NOT_FOUND = "not_found", "Hittas inte"
    SCRAPPED = "scrapped", "Redan skrotad"


#: What a unit may answer of its own.
UNITS_ANSWERS = (Answer.TAKEN_OUT, Answer.REPLACED, Answer.REMEDIED, Answer.NOT_FOUND)
#: After which a piece may be handed out again.
FREE_AFTER = (Answer.REMEDIED, Answer.NOT_MEANT)
# In a store of KHS's own: nobody else is to be told. (A counted one stays on the shelf where it was found.)
OURS = Q(individual__warehouse__kind=Warehouse.Kind.CENTRAL) | Q(
    individual=None, warehouse__kind=Warehouse.Kind.CENTRAL
)
_SCRAPPED = Q(found=Found.SCRAPPED) | Q(individual__status=Individual.Status.SCRAPPED)

show_as(
    {
        ItemState.OURS: ("warehouse", "blue"),
        ItemState.NOT_REACHED: ("phone-off", "red"),
        ItemState.CONTACTED: ("mail", "amber"),
        ItemState.CONFIRMED: ("circle-check", "green"),
        ItemState.NOT_FOUND: ("circle-alert", "red"),
        ItemState.SCRAPPED: ("ban", "ended"),
        "Ska inte användas": ("circle-alert", "red"),
    }
)


class RecallQuerySet(CaseQuerySet["Recall"]):
    def for_user(self, user: User | AnonymousUser) -> Self:
        """KHS sees all; others those of which a unit of theirs has been told."""
        if has_role(user, KHS):
            return self
        units = user.units.all() if isinstance(user, User) else Unit.objects.none()
        told = RecallItem.objects.filter(unit__in=units, told_at__isnull=False)
        return self.filter(pk__in=told.values("recall"))


class Recall(Case, Awaited):
    """A manufacturer's field safety notice (MDR art. 89), a case of KHS's alone.

    What it looks for are the ``Watch`` rows of its number (``criteria``). ``Awaited``'s fields tell
    of the job that finds the pieces; ``found_at``: the list is complete. It may be closed with some
    that nobody has confirmed: then ``closing_reason`` says why.
    """

    NEXT_STATUS = {
        RecallStatus.REGISTERED: {RecallStatus.ONGOING},
        RecallStatus.ONGOING: {RecallStatus.CLOSED},
        RecallStatus.CLOSED: set(),
    }
    ENDED = (RecallStatus.CLOSED,)
    NOUN = "återkallelse"
    LOADED = ("ordered_by",)

    unit = None
    recipient = None
    recipient_id = None
    prescriber = None

    token = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    status = models.CharField(
        "status", max_length=12, choices=RecallStatus.choices, default=RecallStatus.REGISTERED
    )
    ordered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="registrerad av",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    created_at = models.DateTimeField("registrerad")
    sender = models.CharField("från", max_length=120)
    notice_on = models.DateField("meddelandets dag")
    reference = models.CharField("tillverkarens nummer", max_length=60, blank=True)
    fault = models.TextField("fel", max_length=2000)
    measure = models.TextField("åtgärd", max_length=2000)
    must_stop = models.BooleanField("ska inte användas", default=True)
    due_on = models.DateField("alla bekräftade senast", null=True, blank=True)
    authority_on = models.DateField("anmäld till Läkemedelsverket", null=True, blank=True)
    found_at = models.DateTimeField("listan klar", null=True, blank=True)
    closed_at = models.DateTimeField("avslutad", null=True, blank=True)
    closing_reason = models.TextField("varför den avslutades", max_length=1000, blank=True)

    objects = RecallQuerySet.as_manager()

    class Meta:
        verbose_name = "återkallelse"
        verbose_name_plural = "återkallelser"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=RecallStatus.values), name="recall_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status="closed", closed_at__isnull=False)
                | ~Q(status="closed") & Q(closed_at=None, closing_reason=""),
                name="recall_is_closed_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(status="registered", found_at=None)
                | ~Q(status="registered") & Q(found_at__isnull=False),
                name="a_recall_is_ongoing_with_its_list",
            ),
            models.CheckConstraint(
                condition=Q(progress__lte=100), name="recall_progress_in_percent"
            ),
        ]

    def __str__(self) -> str:
        return f"Återkallelse {self.case_number}"

    @property
    def criteria(self) -> models.QuerySet[Watch]:
        """What it looks for, by article."""
        mine = Watch.objects.filter(case=self.case_number).select_related("article")
        return mine.order_by("article__number", "id")

    def held_pieces(self) -> models.QuerySet[Block]:
        """The pieces in stores that it holds back still."""
        return recall_blocks(self).filter(individual__warehouse__isnull=False)


class RecallItemQuerySet(models.QuerySet["RecallItem"]):
    def with_facts(self) -> Self:
        """With all that a row of the list shows."""
        return self.select_related(
            "article",
            "individual__warehouse",
            "loan__recipient__payer",
            "warehouse",
            "unit",
            "case",
        )

    def scrapped(self) -> Self:
        """What nobody needs to look for: it was scrapped, before or since."""
        return self.filter(_SCRAPPED)

    def to_answer(self) -> Self:
        """What the share confirmed is counted of."""
        return self.exclude(_SCRAPPED)

    def confirmed(self) -> Self:
        return self.to_answer().exclude(answer__in=("", Answer.NOT_FOUND))

    def left(self) -> Self:
        """What nobody has confirmed, or nobody finds."""
        return self.to_answer().filter(answer__in=("", Answer.NOT_FOUND))

    def silent(self) -> Self:
        """Of whom those who were told haven't answered; what has come back to KHS since is KHS's."""
        return self.to_answer().filter(answer="", told_at__isnull=False).exclude(OURS)

    def not_reached(self) -> Self:
        return self.to_answer().filter(answer="", told_at=None).exclude(OURS)

    def how_many(self) -> int:
        """Pieces, and of counted articles as many as there are."""
        return self.aggregate(sum=Sum("quantity"))["sum"] or 0


class RecallItem(models.Model):
    """What a recall is, or may be, about: a marked piece; so many of a counted article that somebody
    has (``loan``); or so many of one that stood in a ``warehouse``.

    ``found``, ``loan``, ``warehouse`` and ``unit`` say where it was when it was found, ``unit`` through
    which it is answered for; a piece tells itself where it is now. ``caught``: it came after the
    list was made. ``held_back`` are those of a counted article that aren't handed out because of it.
    The course: told first at ``told_at`` and how, reminded so many times, last at ``reminded_at``;
    ``case`` is the activity or the pickup order that was made of it; answered by somebody of the
    unit, or by KHS in its place with a note.
    """

    recall = models.ForeignKey(
        Recall, on_delete=models.PROTECT, related_name="items", db_index=False
    )
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="+", db_index=False)
    individual = models.ForeignKey(
        Individual, null=True, blank=True, on_delete=models.PROTECT, related_name="recall_items"
    )
    loan = models.ForeignKey(
        Loan, null=True, blank=True, on_delete=models.PROTECT, related_name="recall_items"
    )
    warehouse = models.ForeignKey(
        Warehouse,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    unit = models.ForeignKey(
        Unit, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    quantity = models.PositiveIntegerField("antal", default=1)
    held_back = models.PositiveIntegerField("spärrade", default=0)
    found = models.CharField("fanns", max_length=10, choices=Found.choices)
    found_at = models.DateTimeField("hittad")
    caught = models.BooleanField("kom till efteråt", default=False)
    sureness = models.CharField("säkerhet", max_length=8, choices=Sureness.choices)
    by = models.CharField("hittad på", max_length=10, choices=Reason.choices)

    told_at = models.DateTimeField("kontaktad", null=True, blank=True)
    told_how = models.CharField("kontaktad genom", max_length=8, choices=Told.choices, blank=True)
    reminded_at = models.DateTimeField("senast påmind", null=True, blank=True)
    reminders = models.PositiveSmallIntegerField("påminnelser", default=0)
    case = CaseNumberKey(
        CaseNumber,
        verbose_name="åtgärdas i ärende",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    answer = models.CharField("svar", max_length=10, choices=Answer.choices, blank=True)
    answered_at = models.DateTimeField("besvarad", null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="besvarad av",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    note = models.CharField("anteckning", max_length=300, blank=True)

    objects = RecallItemQuerySet.as_manager()

    class Meta:
        verbose_name = "berört exemplar"
        verbose_name_plural = "berörda exemplar"
        ordering = ["id"]
        indexes = [
            models.Index(fields=["recall", "id"], name="recall_items"),
            models.Index(
                fields=["unit", "recall"],
                condition=Q(told_at__isnull=False),
                name="recalls_a_unit_was_told_of",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(individual__isnull=False, quantity=1)
                | Q(individual=None, loan__isnull=False, warehouse=None)
                | Q(individual=None, loan=None, warehouse__isnull=False),
                name="recalled_is_a_piece_or_a_number",
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="recalled_is_something"),
            models.CheckConstraint(
                condition=Q(held_back=0)
                | Q(individual=None, warehouse__isnull=False, held_back__lte=models.F("quantity")),
                name="held_back_within_what_stands_there",
            ),
            models.CheckConstraint(
                condition=Q(found__in=Found.values)
                & Q(sureness__in=Sureness.values)
                & Q(by__in=Reason.values),
                name="how_it_was_found_is_known",
            ),
            models.CheckConstraint(
                condition=Q(found="held", loan__isnull=False, unit__isnull=False)
                | ~Q(found="held") & Q(loan=None),
                name="what_is_held_is_a_units",
            ),
            models.CheckConstraint(
                condition=Q(told_at=None, told_how="", reminded_at=None, reminders=0)
                | Q(told_at__isnull=False, told_how__in=Told.values),
                name="recall_is_told_in_a_way",
            ),
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None, answered_by=None)
                | Q(
                    answer__in=Answer.values,
                    answered_at__isnull=False,
                    answered_by__isnull=False,
                ),
                name="a_recall_is_answered_by_somebody",
            ),
            models.UniqueConstraint(fields=["recall", "individual"], name="a_piece_once_a_recall"),
            models.UniqueConstraint(
                fields=["recall", "loan"],
                condition=Q(individual=None, loan__isnull=False),
                name="a_loan_once_a_recall",
            ),
            models.UniqueConstraint(
                fields=["recall", "warehouse", "article"],
                condition=Q(individual=None, warehouse__isnull=False),
                name="a_shelf_once_a_recall",
            ),
        ]

    def __str__(self) -> str:
        if self.individual:
            return f"{self.article.name} {self.individual.number}"
        return f"{self.quantity} st {self.article.number} {self.article.name}"

    @property
    def is_scrapped(self) -> bool:
        piece = self.individual
        return self.found == Found.SCRAPPED or (
            piece is not None and piece.status == Individual.Status.SCRAPPED
        )

    @property
    def is_ours(self) -> bool:
        """Whether it stands in a store of KHS's own. Needs both warehouses loaded."""
        piece = self.individual
        here = self.warehouse if piece is None else piece.warehouse
        return here is not None and here.is_central

    @property
    def state(self) -> ItemState:
        """How far one has come with it. Needs ``with_facts``."""
        if self.is_scrapped:
            return ItemState.SCRAPPED
        if self.answer == Answer.NOT_FOUND:
            return ItemState.NOT_FOUND
        if self.answer:
            return ItemState.CONFIRMED
        if self.is_ours:
            return ItemState.OURS
        return ItemState.CONTACTED if self.told_at else ItemState.NOT_REACHED


class RecallAttachment(Attachment):
    """The manufacturer's notice, and what came with it."""

    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="attachments")

    def may_read(self, user: AbstractBaseUser | AnonymousUser) -> bool:
        """Who may open the case; nobody's data stands in it."""
        if not isinstance(user, User):
            return False
        return Recall.objects.for_user(user).filter(pk=self.recall_id).exists()


class RecallEvent(CaseEvent):
    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="events")


def recall_blocks(recall: Recall) -> models.QuerySet[Block]:
    """The pieces that it holds back still."""
    return Block.objects.filter(
        case=recall.case_number, reason__code=BlockReason.Code.RECALL, until=None
    )
