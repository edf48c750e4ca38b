from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class SesamConfig(AppConfig):
    """The kernel: what every app shares, and the case-number counter."""

    name = "sesam"
    verbose_name = "Kärna"

    def ready(self) -> None:
        from . import checks  # noqa: F401  registers the system checks

        autodiscover_modules("places")
