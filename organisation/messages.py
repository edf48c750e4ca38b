"""Messages to users: what happened to a case of theirs, and what KHS tells many. The bar counts what
is unread, ``/meddelanden/`` lists them, and what a user has chosen goes by e-mail too
(``organisation.mail``)."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from sesam.personal_numbers import struck_out

from . import mail
from .models import Mail, Message, MessageKind, Notice, User

MOST_AT_ONCE = 1_000  # messages of a notice that are written in one transaction


def send(
    user: User,
    *,
    title: str,
    text: str = "",
    kind: MessageKind = MessageKind.OTHER,
    case_number: str | None = None,
    about: uuid.UUID | None = None,
) -> Message:
    """Tell ``user`` something, in the transaction of what happened.

    ``about`` is the key of the recipient whom the text may tell of: of one who is protected the
    caller sends the title alone. Personal numbers are struck out of both.
    """
    message = Message.objects.create(
        user=user,
        title=struck_out(title, "…")[:120],
        text=struck_out(text, "…")[:2000],
        kind=kind,
        case_number=case_number,
        about=about,
    )
    mail.put_off([message])
    return message


def mark_read(message: Message) -> None:
    """The user has read it. Twice is once."""
    now = timezone.now()
    if Message.objects.filter(pk=message.pk, read_at=None).update(read_at=now):
        message.read_at = now


def archive(messages: QuerySet[Message]) -> int:
    """Put away, and read by that. Twice is once."""
    now = timezone.now()
    messages.filter(read_at=None).update(read_at=now)
    return messages.filter(archived_at=None).update(archived_at=now)


def take_out(messages: QuerySet[Message]) -> int:
    """Back from the archive."""
    return messages.exclude(archived_at=None).update(archived_at=None)


def forget_old() -> int:
    """Remove what was read so long ago, archived or not, and what an account that is no longer in
    use never read; with the letters about it. Returns how many there were."""
    if not settings.MESSAGES_KEPT_MONTHS:
        return 0
    before = timezone.now() - relativedelta(months=settings.MESSAGES_KEPT_MONTHS)
    left_unread = Q(read_at=None, user__is_active=False, sent_at__lt=before)
    return sum(
        _forget(Message.objects.filter(old).order_by())
        for old in (Q(read_at__lt=before), left_unread)
    )


def _forget(messages: QuerySet[Message]) -> int:
    forgotten = 0
    while keys := list(messages.values_list("pk", flat=True)[:MOST_AT_ONCE]):
        with transaction.atomic():
            Mail.objects.filter(message__in=keys).delete()
            Message.objects.filter(pk__in=keys).delete()
        forgotten += len(keys)
    return forgotten


def audience(notice: Notice) -> QuerySet[User]:
    """Whom a notice is for, of those who can sign in."""
    users = User.objects.filter(is_active=True)
    if notice.user_id:
        return users.filter(pk=notice.user_id)
    if notice.role:
        return users.filter(groups__name=notice.role)
    return users.filter(units=notice.unit_id) if notice.unit_id else users


def tell_waiting() -> int:
    """Make the messages of the notices that wait: what the job does every minute. One that was cut
    off goes on where it was, so that everybody has it once. Returns how many were made."""
    made = 0
    while True:
        told = _tell_some()
        if told is None:
            return made
        made += told


@transaction.atomic
def _tell_some() -> int | None:
    """The next messages of a notice that nobody else is busy with; None where none waits."""
    waiting = Notice.objects.select_for_update(of=("self",), skip_locked=True)
    notice = waiting.filter(sent_at=None).order_by("pk").first()
    if notice is None:
        return None
    users = _not_told(notice)
    made = Message.objects.bulk_create(
        Message(
            user=user,
            title=notice.title,
            text=notice.text,
            kind=MessageKind.NOTICE,
            notice=notice,
        )
        for user in users
    )
    mail.put_off(made)
    done = {} if len(users) == MOST_AT_ONCE else {"sent_at": timezone.now()}
    Notice.objects.filter(pk=notice.pk).update(told=F("told") + len(made), **done)
    return len(made)


def _not_told(notice: Notice) -> Collection[User]:
    """In the order of their keys, so that each time goes on after the last who has it."""
    last = Message.objects.filter(notice=notice).order_by("-user_id").values_list("user_id").first()
    users = audience(notice).filter(Q(pk__gt=last[0]) if last else Q())
    return list(users.order_by("pk").only("pk", "email", "preferences")[:MOST_AT_ONCE])
