"""Rows that are questioned, what KHS answers, and what is credited."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from organisation import access_log, messages
from organisation.models import User
from sesam import personal_numbers
from sesam.errors import DomainError

from .models import (
    Charge,
    ChargeKind,
    Correction,
    Invoice,
    LossVerdict,
    Question,
    QuestionStatus,
)
from .sources.credits import right_price
from .sources.losses import Loss

MOST = 500  # characters
TOO_MUCH = Decimal(10) ** 8  # kronor: no row has room for such a price


@transaction.atomic
def ask(charge: Charge, *, user: User, reason: str) -> Question:
    """«Ifrågasätt raden»; sent again, the question that is there. Only who asked first is answered, so
    whoever asks after them is told. ``DomainError.field`` is ``reason``."""
    charge, text = _locked(charge), _text(reason, "reason")
    if there := Question.objects.filter(charge=charge).first():
        if (there.asked_by_id, there.reason) == (user.pk, text):
            return there
        raise DomainError(
            f"Raden är redan ifrågasatt av {there.asked_by}. Hur långt det har kommit står på raden."
        )
    if charge.kind == ChargeKind.CREDIT:
        raise DomainError("Raden är en kreditering. Ifrågasätt den rad som krediterades.")
    if Correction.objects.filter(charge=charge).exists():
        raise DomainError("Raden krediteras redan, så den behöver inte ifrågasättas.")
    return Question.objects.create(
        charge=charge, reason=text, asked_by=user, asked_at=timezone.now()
    )


@transaction.atomic
def inquire(question: Question, *, user: User) -> Question:
    """KHS looks into it. Twice is once."""
    question = Question.objects.select_for_update(of=("self",)).get(pk=question.pk)
    if question.status == QuestionStatus.ASKED:
        question.status, question.handler = QuestionStatus.INQUIRY, user
        question.save(update_fields=["status", "handler"])
    return question


@transaction.atomic
def answer(
    question: Question,
    *,
    user: User,
    credit: bool,
    text: str,
    right_amount: Decimal | None = None,
) -> Question:
    """KHS answers; where the controller was right the row is credited by the next run, which charges
    ``right_amount`` in its place. The same answer again is the one that is there.
    ``DomainError.field`` is ``answer`` or ``right_amount``."""
    charge = _locked(question.charge)
    question = Question.objects.select_for_update(of=("self",)).get(pk=question.pk)
    status = QuestionStatus.CREDITED if credit else QuestionStatus.REFUSED
    text = _text(text, "answer")
    if not question.is_open:
        same = Correction.objects.filter(charge=charge, right_amount=right_amount)
        if (question.status, question.answer) == (status, text) and (not credit or same.exists()):
            return question
        raise DomainError("Raden är redan besvarad med något annat. Ladda om sidan.")
    if credit:
        _correct(charge, user, right_amount)
    elif Correction.objects.filter(charge=charge).exists():
        raise DomainError("Raden krediteras redan, så den kan inte avslås.", field="answer")
    question.status, question.answer = status, text
    question.handler, question.answered_at = user, timezone.now()
    question.save(update_fields=["status", "answer", "handler", "answered_at"])
    number = charge.invoice.number
    said = "Raden krediteras på nästa faktura." if credit else "Raden står kvar."
    messages.send(
        question.asked_by, title=f"Svar om faktura {number}", text=f"{said} KHS svarar: {text}"
    )
    return question


@transaction.atomic
def credit_row(charge: Charge, *, user: User, right_amount: Decimal | None = None) -> Correction:
    """KHS lets the next run credit the row, and charge ``right_amount`` in its place. Twice is once."""
    return _correct(_locked(charge), user, right_amount)


@transaction.atomic
def credit_invoice(invoice: Invoice, *, user: User) -> int:
    """The next run credits all that isn't credited yet; how many rows that are. Twice is once."""
    Invoice.objects.select_for_update(of=("self",), no_key=True).get(pk=invoice.pk)
    if invoice.credits_id:
        raise DomainError("En kreditfaktura krediteras inte.")
    rows = invoice.charges.filter(correction=None).exclude(amount=0).order_by("pk")
    now = timezone.now()
    made = Correction.objects.bulk_create(
        [Correction(charge=charge, by=user, at=now) for charge in rows],
        ignore_conflicts=True,
        batch_size=2000,
    )
    if made:
        return len(made)
    mine = Correction.objects.filter(charge__invoice=invoice, by=user)
    last = mine.exclude(charge__corrections__kind=ChargeKind.CREDIT).order_by("at").last()
    if last is not None:
        return mine.filter(at=last.at).count()
    raise DomainError("Det finns inget kvar på fakturan att kreditera.")


@transaction.atomic
def decide(loss: Loss, *, user: User, charge: bool) -> LossVerdict:
    """KHS says whether what is gone is charged; said again, the verdict that is there."""
    name = "receipt_id" if loss.key.startswith("r") else "return_line_id"
    about = {name: int(loss.key[1:])}
    made, is_new = LossVerdict.objects.get_or_create(
        **about, defaults={"is_charged": charge, "by": user, "at": timezone.now()}
    )
    if not is_new and made.is_charged != charge:
        raise DomainError(f"Någon annan har redan bestämt: {str(made).lower()}.")
    if is_new and loss.recipient is not None:
        access_log.record(
            user,
            access_log.Action.CHANGE,
            loss.recipient.key,
            detail=f"Bestämde om förlorat hjälpmedel: {str(made).lower()}",
            case_number=loss.case_number,
        )
    return made


def _locked(charge: Charge) -> Charge:
    """One at a time at an invoice's rows: its row is locked first."""
    Invoice.objects.select_for_update(of=("self",), no_key=True).get(pk=charge.invoice_id)
    return Charge.objects.select_related("invoice").get(pk=charge.pk)


def _correct(charge: Charge, user: User, right_amount: Decimal | None) -> Correction:
    if charge.kind == ChargeKind.CREDIT:
        raise DomainError("En kreditering krediteras inte.")
    if not charge.amount:
        raise DomainError("Raden är på 0 kr, så det finns inget att kreditera.")
    if right_amount is not None and right_amount <= 0:
        raise DomainError("Rätt belopp är mer än 0 kr.", field="right_amount")
    if right_amount is not None and charge.amount < 0:
        raise DomainError(
            "Raden är ett avdrag. Kreditera den utan rätt belopp.", field="right_amount"
        )
    if right_amount and max(right_amount, right_price(charge, right_amount)) >= TOO_MUCH:
        raise DomainError("Beloppet är för stort.", field="right_amount")
    depends = charge.corrections.exclude(kind=ChargeKind.CREDIT).exclude(amount=0)
    if right_amount is not None and depends.exists():
        raise DomainError(
            "Något av det har lämnats tillbaka eller ändrats sedan. Kreditera utan rätt belopp.",
            field="right_amount",
        )
    if right_amount == charge.amount:
        raise DomainError("Det är beloppet som redan står på raden.", field="right_amount")
    made, is_new = Correction.objects.get_or_create(
        charge=charge,
        defaults={"by": user, "at": timezone.now(), "right_amount": right_amount},
    )
    if not is_new and made.right_amount != right_amount:
        raise DomainError("Raden krediteras redan, med ett annat rätt belopp.")
    return made


def _text(typed: str, field: str) -> str:
    text = typed.replace("\0", "").strip()
    if not text:
        what = "varför raden inte stämmer" if field == "reason" else "ett svar"
        raise DomainError(f"Skriv {what}.", field=field)
    if len(text) > MOST:
        raise DomainError(f"Skriv högst {MOST} tecken.", field=field)
    if personal_numbers.looks_personal(text):
        raise DomainError(
            "Det ser ut som ett personnummer. Skriv inga personuppgifter: ärendenumret räcker.",
            field=field,
        )
    return text
