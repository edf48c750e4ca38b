"""Django's error reports and debug page, without what people typed or looked for."""

from collections.abc import ItemsView
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from .logs import about, without_personal_numbers

_SAFE_META = ("REQUEST_METHOD", "CONTENT_TYPE", "CONTENT_LENGTH", "SERVER_NAME", "SERVER_PORT")


class HideEverything(SafeExceptionReporterFilter):
    """Hides every form value and every local variable, whatever its name and in DEBUG too."""

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, str]:
        return {"…": self.cleansed_substitute} if request and request.POST else {}

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: Any
    ) -> ItemsView[str, Any]:
        return dict.fromkeys(tb_frame.f_locals, self.cleansed_substitute).items()

    def get_safe_request_meta(self, request: HttpRequest) -> dict[str, Any]:
        """The few that say nothing of what was asked for; addresses, headers and cookies do."""
        return {name: request.META[name] for name in _SAFE_META if name in request.META}

    def get_safe_cookies(self, request: HttpRequest) -> dict[str, Any]:
        return {"…": self.cleansed_substitute} if request.COOKIES else {}


class Reporter(ExceptionReporter):
    """A report that names the place in the code, the page and the user's number, nothing else."""

    def get_traceback_data(self) -> dict[str, Any]:
        data = super().get_traceback_data()
        data.pop("unicode_hint", None)  # the text around what couldn't be read
        data.pop("exception_notes", None)
        if self.exc_value is not None:
            data["exception_value"] = without_personal_numbers(about(self.exc_value))
        if self.request is not None:
            user = getattr(self.request, "user", None)
            data["user_str"] = str(getattr(user, "pk", None))
            data["request_GET_items"] = _hidden(self.request.GET)
            data["request_FILES_items"] = _hidden(self.request.FILES)
            data["request_insecure_uri"] = without_personal_numbers(self.request.path)
        return data

    def get_traceback_frames(self) -> list[dict[str, Any]]:
        frames: list[dict[str, Any]] = super().get_traceback_frames()
        for frame in frames:
            for name in ("exc_cause", "exc_cause_explicit"):
                if isinstance(frame.get(name), BaseException):
                    frame[name] = about(frame[name])
        return frames

    def get_traceback_html(self) -> SafeString:
        return mark_safe(without_personal_numbers(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        return mark_safe(without_personal_numbers(super().get_traceback_text()))


def _hidden(typed: Any) -> list[tuple[str, str]]:
    """That there were fields, and no more: a field's name can be typed too."""
    return [("…", SafeExceptionReporterFilter.cleansed_substitute)] * len(typed)
