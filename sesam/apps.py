from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class SesamConfig(AppConfig):
    """The kernel: what every app shares, and the case-number counter."""

    name = "sesam"
    verbose_name = "Kärna"

    def ready(self) -> None:
        from . import (
            checks,  # noqa: F401  registers the system checks
            history,
            instants,
        )
        from .database_roles import after_migrate

        post_migrate.connect(after_migrate, sender=self)
        connection_created.connect(history.listen, dispatch_uid="history")
        connection_created.connect(instants.listen, dispatch_uid="instants")
        autodiscover_modules("places")
