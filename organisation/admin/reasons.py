"""The register of what one can answer to «Varför?»."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ..models import LookReason
from .parts import ForKhs


@admin.register(LookReason)
class LookReasonAdmin(ForKhs, admin.ModelAdmin[LookReason]):
    """A reason in use is ended, not removed; what the log says of it isn't changed."""

    list_display = ("name", "text", "needs_text", "is_emergency", "whose", "rank", "is_active")
    actions = None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("name", "is_emergency") if obj and obj.is_used else ()
