"""What orders clear away."""

import datetime as dt

from django.core.files.storage import default_storage
from django.utils import timezone

from sesam import jobs

from .models import CartAttachment, OrderAttachment

KEPT = dt.timedelta(days=1)


@jobs.hourly
def remove_draft_files() -> int:
    """Remove files of drafts a day after they were attached.

    A sent order has the very file that its draft had: that one stays.
    """
    old = CartAttachment.objects.filter(uploaded_at__lt=timezone.now() - KEPT)
    removed = 0
    for attachment in old:
        name = attachment.file.name
        attachment.delete()
        if not OrderAttachment.objects.filter(file=name).exists():
            default_storage.delete(name)
        removed += 1
    return removed
