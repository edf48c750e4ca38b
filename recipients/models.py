"""Who an order is for, and what they hold."""

import uuid
from typing import Any

import pgtrigger
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q

from articles.models import Article
from individuals.models import Component, Individual
from organisation.models import Payer, Unit, Warehouse
from sesam import history
from sesam.addresses import Address
from sesam.attachments import Attachment
from sesam.models import CaseNumber, CaseNumberKey

# Columns that tell where somebody is, and who: emptied in the history (of whom, stands with it).
_WHEREABOUTS = {
    "co": "''", "street": "''", "postcode": "''", "locality": "''", "municipality_code": "''",
    "phone": "''", "mobile": "''", "email": "''", "door_code": "''", "instructions": "''",
    "payer_id": "NULL",
}  # fmt: skip
_PERSON = _WHEREABOUTS | {
    "number": "''", "given_name": "''", "family_name": "''", "is_protected": "false",
    "deceased_on": "NULL", "contact_prescriber": "false", "unit_id": "NULL", "store_id": "NULL",
}  # fmt: skip


class PersonFacts(Address):
    """What the population register knows of a person."""

    given_name = models.CharField("förnamn", max_length=80, blank=True)
    family_name = models.CharField("efternamn", max_length=80)
    municipality_code = models.CharField("kommunkod", max_length=4, blank=True)
    is_protected = models.BooleanField("skyddad identitet", default=False)
    deceased_on = models.DateField("avliden", null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()


class RegisterPerson(PersonFacts):
    """A row of the demo's population register: official test numbers only."""

    number = models.CharField("personnummer", max_length=12, primary_key=True)

    class Meta:
        verbose_name = "person i demoregistret"
        verbose_name_plural = "personer i demoregistret"

    def __str__(self) -> str:
        return self.name


NOBODY = "Avidentifierad mottagare"
# What the record says of who is anonymised.
NOTHING_KNOWN: dict[str, Any] = {
    **dict.fromkeys(
        (
            "number", "given_name", "family_name", "co", "street", "postcode", "locality",
            "municipality_code", "phone", "mobile", "email", "door_code", "instructions",
        ),
        "",
    ),
    "is_protected": False,
    "contact_prescriber": False,
    "deceased_on": None,
    "payer": None,
    "unit": None,
    "store": None,
    "register_checked_at": None,
}  # fmt: skip


class Recipient(PersonFacts):
    """A person, or a care unit with a four-digit number. ``key`` is what stands in URLs.

    A care unit keeps its name in ``family_name`` and may stand for a store, in which case
    what is ordered to it is a replenishment. Of a person whose retention has ended the cases stay,
    and somebody of whom nothing is known (portal.disposal); who comes back is somebody new.
    """

    class Kind(models.TextChoices):
        PERSON = "person", "Person"
        CARE_UNIT = "care_unit", "Vårdenhet"
        ANONYMISED = "anonymised", "Avidentifierad"

    key = models.UUIDField("id", unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField("slag", max_length=10, choices=Kind.choices)
    number = models.CharField("nummer", max_length=12, blank=True)
    phone = models.CharField("telefon", max_length=20, blank=True)
    mobile = models.CharField("mobiltelefon", max_length=20, blank=True)
    email = models.EmailField("e-post", blank=True)
    door_code = models.CharField("port", max_length=40, blank=True)
    instructions = models.TextField("leveransanvisningar", max_length=500, blank=True)
    contact_prescriber = models.BooleanField("förskrivare ska kontaktas", default=False)
    payer = models.ForeignKey(
        Payer, verbose_name="betalare", null=True, blank=True, on_delete=models.PROTECT
    )
    unit = models.ForeignKey(
        Unit,
        verbose_name="vårdenhetens tjänsteställe",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    store = models.ForeignKey(
        Warehouse,
        verbose_name="står för förrådet",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    created_at = models.DateTimeField("skapad", auto_now_add=True)
    register_checked_at = models.DateTimeField("hämtad ur registret", null=True, blank=True)
    version = models.PositiveIntegerField("version", default=0, editable=False)

    class Meta:
        verbose_name = "mottagare"
        verbose_name_plural = "mottagare"
        indexes = [
            models.Index(
                fields=["id"], condition=Q(is_protected=True), name="recipients_protected"
            ),
            # (Whole: what is asked for by number is never said to be a person's.)
            models.Index(fields=["number"], name="recipient_by_number"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="person", number__regex=r"^\d{12}$")
                | Q(kind="care_unit", number__regex=r"^\d{4}$")
                | Q(kind="anonymised", number=""),
                name="recipient_number_fits_kind",
            ),
            models.UniqueConstraint(
                fields=["number"], condition=~Q(kind="anonymised"), name="one_recipient_a_number"
            ),
            models.CheckConstraint(
                condition=~Q(kind="anonymised") | Q(**NOTHING_KNOWN),
                name="who_is_anonymised_is_nobody",
            ),
        ]
        triggers = [
            # Whoever learns that somebody is protected, and however it is written: what lies in
            # dialogs about them (street, door code) goes in the same statement, and so does what
            # ended sessions posted (sesam.unsent), of which nobody knows whom it is about; messages
            # keep their titles.
            pgtrigger.Trigger(
                name="protected_forgets_dialogs",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("is_protected"),
                condition=pgtrigger.Condition("NEW.is_protected AND NOT OLD.is_protected"),
                func="DELETE FROM sesam_dialogstate WHERE about = NEW.key"
                " OR kind = 'unsent';"
                " UPDATE organisation_message SET text = '' WHERE about = NEW.key; RETURN NULL;",
            ),
            # Whoever writes that somebody else pays: who paid until then is asked for later.
            pgtrigger.Trigger(
                name="payer_moves_are_kept",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("payer_id"),
                condition=pgtrigger.Condition("NEW.payer_id IS DISTINCT FROM OLD.payer_id"),
                func="INSERT INTO recipients_payermove (recipient_id, was_id, became_id, at)"
                " VALUES (NEW.id, OLD.payer_id, NEW.payer_id, now()); RETURN NULL;",
            ),
            # After what the history has just got (triggers run in the order of their names).
            pgtrigger.Trigger(
                name="protected_forgets_history",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Condition("NEW.is_protected"),
                func=f"{history.emptied('recipients_recipientchange', _WHEREABOUTS, of='NEW.id')}"
                " RETURN NULL;",
            ),
            pgtrigger.Trigger(
                name="removed_forgets_history",
                when=pgtrigger.After,
                operation=pgtrigger.Delete,
                func=f"{history.emptied('recipients_recipientchange', _PERSON, of='OLD.id')}"
                " RETURN NULL;",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return super().name or NOBODY

    @property
    def is_person(self) -> bool:
        return self.kind == self.Kind.PERSON

    @property
    def is_anonymised(self) -> bool:
        return self.kind == self.Kind.ANONYMISED

    @property
    def written_number(self) -> str:
        """With the hyphen, as people write it."""
        return f"{self.number[:8]}-{self.number[8:]}" if self.is_person else self.number


# Bookkeeping says nothing of the person. Of a protected one the whereabouts are emptied, of one who
# is no longer there, or no longer a person, all.
history.track(
    Recipient,
    but=("key", "created_at", "register_checked_at", "version"),
    may_be_emptied=tuple(_PERSON),
    triggers=(
        history.Guard(
            name="only_emptied",
            when=pgtrigger.Before,
            operation=pgtrigger.Update,
            declare=[("of_kind", "text"), ("hidden", "boolean"), ("may", "text[]")],
            func=f"""
                SELECT kind, is_protected INTO of_kind, hidden
                FROM recipients_recipient WHERE id = OLD.pgh_obj_id;
                IF NOT FOUND OR of_kind NOT IN ('person', 'care_unit') THEN
                    may := '{{{",".join(_PERSON)}}}';
                ELSIF hidden THEN
                    may := '{{{",".join(_WHEREABOUTS)}}}';
                ELSE
                    may := '{{}}';
                END IF;
                IF EXISTS (
                    SELECT FROM jsonb_each(to_jsonb(OLD)) AS o JOIN jsonb_each(to_jsonb(NEW)) AS n
                    USING (key) WHERE o.value <> n.value
                    AND NOT (key = ANY(may) AND n.value IN ('""', 'null', 'false'))
                ) THEN
                    RAISE EXCEPTION 'append-only: % can only be emptied', TG_TABLE_NAME;
                END IF;
                RETURN NEW;
            """,  # noqa: S608  names of columns
        ),
    ),
)


class PayerMove(models.Model):
    """That somebody else pays for a recipient from a moment on: the person has moved. The database
    itself adds the row (a trigger of ``Recipient``)."""

    recipient = models.ForeignKey(
        Recipient, on_delete=models.CASCADE, related_name="payer_moves", db_index=False
    )
    was = models.ForeignKey(
        Payer, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    became = models.ForeignKey(
        Payer, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    at = models.DateTimeField("tid")

    class Meta:
        verbose_name = "byte av betalare"
        verbose_name_plural = "byten av betalare"
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["recipient", "at"], name="payer_moves_in_time")]

    def __str__(self) -> str:
        return f"{self.was} till {self.became}"


class CareRelation(models.Model):
    """Why a unit may see a recipient: it has or had a case there."""

    recipient = models.ForeignKey(
        Recipient,
        on_delete=models.PROTECT,
        related_name="care_relations",
        db_index=False,
    )
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, db_index=False)
    case = CaseNumberKey(
        CaseNumber,
        verbose_name="ärende",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    since = models.DateTimeField("från", auto_now_add=True)

    class Meta:
        verbose_name = "vårdrelation"
        verbose_name_plural = "vårdrelationer"
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "unit", "case"],
                nulls_distinct=False,
                name="one_relation_a_case",
            )
        ]

    def __str__(self) -> str:
        return f"{self.unit}: {self.case_number}"


class Loan(models.Model):
    """What a recipient got, and has until it comes back.

    ``name`` is set where the article says too little (manual order); ``quantity`` is what was
    delivered, ``returned`` how much of it has come back and ``lost`` how much never will. A
    marked piece is on at most one open loan. Consumables are never returned, so theirs stay open.

    ``part_of`` is the aid that it was delivered as a component of; ``component`` how it sits, or
    sat, on a marked piece (``sits_as``).
    """

    recipient = models.ForeignKey(
        Recipient, on_delete=models.PROTECT, related_name="loans", db_index=False
    )
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="+", db_index=False)
    individual = models.ForeignKey(
        Individual,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="loans",
        db_index=False,
    )
    part_of = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="parts",
        db_index=False,
    )
    component = models.OneToOneField(
        Component,
        verbose_name="sitter som",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="loan",
    )
    name = models.CharField("benämning", max_length=500, blank=True)
    quantity = models.PositiveIntegerField("antal", default=1)
    returned = models.PositiveIntegerField("återlämnat", default=0)
    lost = models.PositiveIntegerField("saknas", default=0)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", db_index=False)
    prescriber_name = models.CharField("förskrivare", max_length=160, blank=True)
    case = CaseNumberKey(
        CaseNumber,
        verbose_name="ärende",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    delivered_at = models.DateTimeField("levererat")
    follow_up_on = models.DateField("följs upp", null=True, blank=True)
    follow_up_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="följs upp av",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    follow_up_told = models.BooleanField("påmind", default=False)
    ended_at = models.DateTimeField("avslutat", null=True, blank=True)

    class Meta:
        verbose_name = "lån"
        verbose_name_plural = "lån"
        ordering = ["-delivered_at", "-id"]
        indexes = [
            models.Index(fields=["recipient", "-delivered_at"]),
            models.Index(fields=["case"], name="loan_case"),
            models.Index(
                fields=["unit", "follow_up_by", "follow_up_on"],
                condition=Q(follow_up_on__isnull=False, ended_at__isnull=True),
                name="loan_follow_up",
            ),
            models.Index(fields=["part_of"], condition=Q(part_of__isnull=False), name="loan_part"),
            # Who has an article now: how many its register tells, and whom a recall looks for.
            models.Index(
                fields=["article"], condition=Q(ended_at__isnull=True), name="loan_open_article"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["individual"],
                condition=Q(ended_at__isnull=True),
                name="one_open_loan_an_individual",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("returned") + F("lost")),
                name="returned_within_quantity",
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="loan_of_something"),
            models.CheckConstraint(
                condition=Q(follow_up_on__isnull=True) | Q(follow_up_by__isnull=False),
                name="somebody_follows_it_up",
            ),
            models.CheckConstraint(
                condition=Q(quantity=F("returned") + F("lost"), ended_at__isnull=False)
                | (~Q(quantity=F("returned") + F("lost")) & Q(ended_at__isnull=True)),
                name="loan_ends_with_the_last_of_it",
            ),
            models.CheckConstraint(
                condition=Q(individual__isnull=True) | Q(quantity=1), name="a_marked_piece_is_one"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return self.name or self.article.name

    @property
    def held(self) -> int:
        return self.quantity - self.returned - self.lost

    @property
    def sits_as(self) -> Component | None:
        """How it sits on a piece now. Needs ``component`` loaded."""
        sat = self.component
        return sat if sat is not None and sat.removed_at is None else None


class FollowUp(models.Model):
    """What was answered when a held aid was followed up. Of a protected person the note isn't
    shown: it may tell where they are."""

    class Answer(models.TextChoices):
        USED = "used", "Används"
        ADJUST = "adjust", "Behöver justeras"
        WRONG = "wrong", "Fel hjälpmedel"
        UNUSED = "unused", "Används inte"

    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, related_name="follow_ups")
    due_on = models.DateField("skulle följas upp")
    answer = models.CharField("svar", max_length=8, choices=Answer.choices)
    note = models.TextField("anteckning", max_length=1000, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    at = models.DateTimeField("besvarad", auto_now_add=True)

    class Meta:
        verbose_name = "uppföljning"
        verbose_name_plural = "uppföljningar"
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answer__in=["used", "adjust", "wrong", "unused"]),
                name="follow_up_answer_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.loan}: {self.get_answer_display()}"


class DialogFile(Attachment):
    """A file that was chosen in a dialog whose case isn't made yet. The case gets the very file, and
    this row goes; else the hourly job takes both away.

    ``document`` is the name of the mandatory document that it is, where a case needs one.
    """

    dialog_key = models.CharField("dialog", max_length=24, db_index=True)
    document = models.CharField("är", max_length=80, blank=True)

    class Meta(Attachment.Meta):
        verbose_name = "fil i en dialog"
        verbose_name_plural = "filer i dialoger"

    def may_read(self, user: AbstractBaseUser | AnonymousUser) -> bool:
        return bool(self.uploaded_by_id == user.pk)
