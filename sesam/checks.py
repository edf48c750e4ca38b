"""What the portal refuses to serve real people with."""

import os
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

FIX = "Sätt variabeln i miljön; se docker-compose.yml."


def _settings_errors() -> list[Error]:
    """Wrong settings for production. DEBUG or DEMO says that it isn't."""
    if settings.DEMO or settings.TESTING:
        return []
    errors = []
    if settings.DEBUG:
        errors.append(Error("DEBUG är på utan DEMO.", hint=FIX, id="sesam.E001"))
    if settings.SECRET_KEY == settings.INSECURE_SECRET_KEY:
        errors.append(Error("SECRET_KEY är inte satt.", hint=FIX, id="sesam.E002"))
    return errors


def _running_errors() -> list[Error]:
    """What a web server looks at besides, since it's about to serve from this database."""
    if settings.DEMO or settings.TESTING:
        return []
    errors = []
    if not os.environ.get("DATABASE_URL"):
        errors.append(Error("DATABASE_URL är inte satt.", hint=FIX, id="sesam.E003"))
    return errors + _demo_account_errors()


def _demo_account_errors() -> list[Error]:
    """Demo accounts have a password that everybody knows."""
    try:
        found = apps.get_model("organisation", "User").objects.filter(is_demo=True).exists()
    except DatabaseError:  # not migrated yet, so nobody can sign in either
        found = False
    finally:
        connection.close()
    if not found:
        return []
    return [
        Error(
            "Det finns demokonton i databasen.",
            hint="Använd en databas som inte har demodata, eller sätt DEMO=1.",
            id="sesam.E004",
        )
    ]


@register(Tags.security, deploy=True)
def check_settings(app_configs: Any, **kwargs: Any) -> list[Error]:
    """``manage.py check --deploy``."""
    return _settings_errors()


@register(Tags.database)
def check_demo_accounts(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[Error]:
    """``manage.py check --database default``; not for ``migrate``, which may come before the
    column is there."""
    if settings.DEMO or settings.DEBUG or settings.TESTING or not databases:
        return []
    if not os.environ.get("DATABASE_URL"):
        return []
    return _demo_account_errors()


def refuse_unsafe_start() -> None:
    """Called when a web server starts: raises rather than serve unsafely."""
    errors = _settings_errors() + _running_errors()
    if errors:
        raise ImproperlyConfigured(" ".join(f"{error.msg} {error.hint}" for error in errors))
