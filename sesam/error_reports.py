"""Django's error reports and debug page, without what people typed or looked for."""

from collections.abc import ItemsView
from typing import Any

from django.http import HttpRequest
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from .logs import about, without_personal_numbers


class HideEverything(SafeExceptionReporterFilter):
    """Hides every form value and every local variable, whatever its name and in DEBUG too."""

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, str]:
        return dict.fromkeys(request.POST, self.cleansed_substitute) if request else {}

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: Any
    ) -> ItemsView[str, Any]:
        return dict.fromkeys(tb_frame.f_locals, self.cleansed_substitute).items()

    def get_safe_request_meta(self, request: HttpRequest) -> dict[str, Any]:
        meta = super().get_safe_request_meta(request)
        for name in ("QUERY_STRING", "HTTP_REFERER", "REQUEST_URI", "RAW_URI", "HTTP_COOKIE"):
            if name in meta:
                meta[name] = self.cleansed_substitute
        # htmx sends the page's whole address along.
        return {k: v for k, v in meta.items() if not k.startswith("HTTP_HX_")}

    def get_safe_cookies(self, request: HttpRequest) -> dict[str, Any]:
        return dict.fromkeys(request.COOKIES, self.cleansed_substitute)


class Reporter(ExceptionReporter):
    """A report that names the path, not the query."""

    def get_traceback_data(self) -> dict[str, Any]:
        data = super().get_traceback_data()
        if self.exc_value is not None and data.get("exception_value"):
            data["exception_value"] = without_personal_numbers(about(self.exc_value))
        if self.request is not None:
            data["request_GET_items"] = [
                (name, self.filter.cleansed_substitute) for name in self.request.GET
            ]
            data["request_insecure_uri"] = self.request.path
        return data
