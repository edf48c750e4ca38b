from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class SesamConfig(AppConfig):
    """The kernel: what every app shares, and the case-number counter."""

    name = "sesam"
    verbose_name = "Kärna"

    def ready(self) -> None:
        from . import checks  # noqa: F401  registers the system checks
        from .database_roles import after_migrate

        post_migrate.connect(after_migrate, sender=self)
        autodiscover_modules("places")
