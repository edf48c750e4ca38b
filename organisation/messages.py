"""Messages to users: what happened to a case of theirs. The bar counts what is unread, and
``/meddelanden/`` lists them."""

from __future__ import annotations

import uuid

from django.utils import timezone

from sesam.personal_numbers import struck_out

from .models import Message, User


def send(
    user: User,
    *,
    title: str,
    text: str = "",
    case_number: str | None = None,
    about: uuid.UUID | None = None,
) -> Message:
    """Tell ``user`` something, in the transaction of what happened.

    ``about`` is the key of the recipient whom the text may tell of: of one who is protected the
    caller sends the title alone. Personal numbers are struck out of both.
    """
    return Message.objects.create(
        user=user,
        title=struck_out(title, "…")[:120],
        text=struck_out(text, "…")[:2000],
        case_number=case_number,
        about=about,
    )


def mark_read(message: Message) -> None:
    """The user has read it. Twice is once."""
    now = timezone.now()
    if Message.objects.filter(pk=message.pk, read_at=None).update(read_at=now):
        message.read_at = now
