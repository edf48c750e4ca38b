"""What the portal refuses to serve real people with."""

import logging
import os
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.template import TemplateDoesNotExist
from django.urls import NoReverseMatch

from . import database_roles, places, pooler, primary, replica
from .file_store import StoreDown, folder
from .management.commands.migrate import LOCK_SECONDS

_log = logging.getLogger(__name__)
FIX = "Sätt variabeln i miljön; se docker-compose.yml."
NEW_KEY = "Gör en ny: python -c 'import secrets; print(secrets.token_urlsafe(50))'"
LOG_YEARS = 5  # HSLF-FS 2016:40, 4:9, point 7: logs are kept for at least five years
# The least that records are kept, by the setting that may say longer: as a law says it, where one does.
LEAST_YEARS = {
    "ACCESS_LOG_YEARS": LOG_YEARS,
    "RETENTION_CARE_YEARS": 10,  # Patient Data Act (2008:355) 3:17, after the last entry
    "RETENTION_DEVIATION_YEARS": 10,  # no law names years: as the care that they are about
    # Act on Municipal Bookkeeping and Accounting (2018:597) ch. 3: through the seventh year after the
    # year. (Ten of years before 2019, by the act before it: the portal holds none of these.)
    "RETENTION_MONEY_YEARS": 7,
}
_KEPT = {
    "ACCESS_LOG_YEARS": "åtkomstloggen",
    "RETENTION_CARE_YEARS": "uppgifter om hälso- och sjukvård",
    "RETENTION_DEVIATION_YEARS": "avvikelser",
    "RETENTION_MONEY_YEARS": "räkenskaper",
}
KEY_LENGTH, KEY_CHARACTERS = 50, 10  # at least so long, of so many different ones
TOKEN_LENGTH = 20


def _settings_errors() -> list[Error]:
    """Wrong settings for production. DEBUG or DEMO says that it isn't."""
    if settings.DEMO or settings.TESTING:
        return []
    errors = []
    if settings.DEBUG:
        errors.append(Error("DEBUG är på utan DEMO.", hint=FIX, id="sesam.E001"))
    errors += _key_errors("SECRET_KEY") + _key_errors("ACCESS_LOG_KEY")
    if not errors and settings.ACCESS_LOG_KEY == settings.SECRET_KEY:
        errors.append(
            Error(
                "ACCESS_LOG_KEY är samma som SECRET_KEY, som ska gå att byta.",
                hint=f"{NEW_KEY} Det som loggen redan har hittas med den gamla i"
                " ACCESS_LOG_KEY_FALLBACKS.",
                id="sesam.E008",
            )
        )
    errors += [
        Error(
            f"{name} är mindre än {least}: så länge ska {_KEPT[name]} sparas.",
            hint=FIX,
            id="sesam.E009",
        )
        for name, least in LEAST_YEARS.items()
        if getattr(settings, name) < least
    ]
    if 0 < len(settings.METRICS_TOKEN) < TOKEN_LENGTH:
        words = f"METRICS_TOKEN kan gissas: den ska vara minst {TOKEN_LENGTH} slumpade tecken."
        errors.append(Error(words, hint=NEW_KEY, id="sesam.E016"))
    if settings.TRACES_TO and not settings.TRACES_TO.startswith(("https://", "http://")):
        words = "TRACES_TO ska vara en adress: https://…/v1/traces."
        errors.append(Error(words, hint=FIX, id="sesam.E017"))
    return errors + _replica_errors() + _provider_errors() + _password_errors()


def _replica_errors() -> list[Error]:
    """The replica is another server, asked by the same role."""
    if not replica.is_named():
        return []
    primary, other = (settings.DATABASES[name] for name in ("default", replica.NAME))
    if _server(primary) == _server(other):
        text = "DATABASE_REPLICA_URL leder till samma databas som DATABASE_URL."
        hint = "Låt den leda till en replik, eller ta bort den."
        return [Error(text, hint=hint, id="sesam.E021")]
    if primary["USER"] != other["USER"]:
        text = "DATABASE_REPLICA_URL har en annan databasroll än DATABASE_URL."
        return [Error(text, hint="Ge den samma roll och lösenord.", id="sesam.E022")]
    return []


def _server(database: dict[str, Any]) -> tuple[str, str]:
    return str(database["HOST"]), str(database.get("PORT") or 5432)


def _password_errors() -> list[Error]:
    """A password alone lets nobody in, and somebody can come in."""
    if settings.LOCAL_PASSWORDS not in ("off", "break-glass"):
        text = "LOCAL_PASSWORDS ska vara break-glass eller off: ett lösenord räcker inte för att logga in."
        return [Error(text, hint=FIX, id="sesam.E014")]
    if settings.LOCAL_PASSWORDS == "off" and not settings.OIDC_OP_ISSUER:
        text = "LOCAL_PASSWORDS är off och OIDC_ISSUER inte satt: ingen kan logga in."
        return [Error(text, hint=FIX, id="sesam.E015")]
    return []


_OF_PROVIDER = {
    "OIDC_AUTHORIZATION_ENDPOINT": "OIDC_OP_AUTHORIZATION_ENDPOINT",
    "OIDC_TOKEN_ENDPOINT": "OIDC_OP_TOKEN_ENDPOINT",
    "OIDC_USERINFO_ENDPOINT": "OIDC_OP_USER_ENDPOINT",
    "OIDC_JWKS_URI": "OIDC_OP_JWKS_ENDPOINT",
}


def _provider_errors() -> list[Error]:
    """Where people sign in by SITHS: all of the provider is named, and reached by TLS alone."""
    if not settings.OIDC_OP_ISSUER:
        return []
    named = {variable: getattr(settings, name) for variable, name in _OF_PROVIDER.items()}
    keys = {
        "OIDC_CLIENT_ID": settings.OIDC_RP_CLIENT_ID,
        "OIDC_CLIENT_SECRET": settings.OIDC_RP_CLIENT_SECRET,
    }
    missing = [name for name, value in (named | keys).items() if not value]
    ours = named | {"OIDC_END_SESSION_ENDPOINT": settings.OIDC_OP_LOGOUT_ENDPOINT}
    open_ones = [n for n, value in ours.items() if value and not value.startswith("https://")]
    errors = []
    if missing:
        text = f"OIDC_ISSUER är satt, men inte {', '.join(missing)}."
        errors.append(Error(text, hint=FIX, id="sesam.E010"))
    if open_ones:
        text = f"{', '.join(open_ones)} ska börja med https://."
        errors.append(Error(text, hint=FIX, id="sesam.E011"))
    if not settings.OIDC_RP_SIGN_ALGO.startswith(("RS", "ES")):
        text = (
            "OIDC_ALGORITHM ska vara en underskrift med utfärdarens egen nyckel: RS256 eller ES256."
        )
        errors.append(Error(text, hint=FIX, id="sesam.E012"))
    if not any(settings.OIDC_LEVELS):
        text = "OIDC_LEVELS är tomt: ingen kan logga in med SITHS."
        errors.append(Error(text, hint=FIX, id="sesam.E013"))
    return errors


def _key_errors(name: str) -> list[Error]:
    """A key of the operator's own, which nobody guesses."""
    key = getattr(settings, name)
    if key == settings.INSECURE_SECRET_KEY:
        return [Error(f"{name} är inte satt.", hint=FIX, id="sesam.E002")]
    if len(key) < KEY_LENGTH or len(set(key)) < KEY_CHARACTERS or "insecure" in key:
        words = f"{name} kan gissas: den ska vara minst {KEY_LENGTH} slumpade tecken."
        return [Error(words, hint=NEW_KEY, id="sesam.E005")]
    return []


def _store_errors() -> list[Error]:
    """The files' store can be used as it is set. One that doesn't answer just now is no reason not to serve
    all else: a node that is started again while it is away would be lost too."""
    if not settings.FILES_STORE:
        return []
    try:
        from . import s3_store  # Amazon's library comes with it

        said = s3_store.why_not()
    except ImproperlyConfigured as fault:
        said = str(fault)
    except StoreDown:
        _log.warning("FILES_STORE doesn't answer: nobody can save or fetch a file until it does")
        return []
    if not said and any(folder().entries()):
        _log.warning(
            "FILES_STORE is set, and there are files in MEDIA_ROOT (%s), which nobody finds there now:"
            " manage.py move_files to-store --remove",
            settings.MEDIA_ROOT,
        )
    hint = "Se docs/operations.md, «Files in an S3 store»."
    return [Error(said, hint=hint, id="sesam.E018")] if said else []


def _running_errors() -> list[Error]:
    """What a web server looks at besides, since it's about to serve from this database."""
    if settings.DEMO or settings.TESTING:
        return []
    errors = []
    if not os.environ.get("DATABASE_URL"):
        errors.append(Error("DATABASE_URL är inte satt.", hint=FIX, id="sesam.E003"))
    return errors + _node_errors() + _database_errors()


def _node_errors() -> list[Error]:
    """Settings that one notices when many work, or when the next release comes."""
    errors = []
    patience = os.environ.get("DB_LOCK_TIMEOUT") or "5"
    if patience.isdigit() and 0 < int(patience) <= LOCK_SECONDS:
        words = (
            f"DB_LOCK_TIMEOUT är {patience}: sidor ger då upp medan en uppgradering väntar på en tabell,"
            f" vilket den gör i {LOCK_SECONDS} sekunder."
        )
        hint = f"Sätt den till minst {LOCK_SECONDS + 1}, eller ta bort den (5)."
        errors.append(Error(words, hint=hint, id="sesam.E030"))
    threads = int(os.environ.get("PORTAL_THREADS") or 0)  # gunicorn's, see gunicorn.conf.py
    # (Behind a pooler, where nothing is prepared, a thread holds none.)
    pooled = connection.settings_dict["OPTIONS"].get("prepare_threshold") is None
    taken = 0 if pooled else _most_connections()
    if taken and threads > taken:
        words = (
            f"WEB_CONCURRENCY gånger WEB_THREADS är {threads} databasanslutningar, och databasservern tar"
            f" {taken} från alla noder tillsammans."
        )
        hint = (
            "Sänk dem, höj serverns max_connections eller sätt en pooler emellan (DATABASE_POOLER)."
        )
        errors.append(Error(words, hint=hint, id="sesam.E031"))
    return errors


def _most_connections() -> int:
    """How many connections the server takes from the role; 0 where it isn't there to tell."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(_MOST_CONNECTIONS)
            return int(cursor.fetchone()[0])
    except DatabaseError:
        return 0


_MOST_CONNECTIONS = """
    SELECT current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int
        - current_setting('reserved_connections')::int
"""


def _database_errors() -> list[Error]:
    try:
        return pooler_errors() or _demo_account_errors() + _role_errors()
    finally:
        connection.close()


def pooler_errors() -> list[Error]:
    """The settings say whether a pooler stands between. (Said for nothing it does no harm.)"""
    if settings.DATABASE_POOLER or not any(map(_stands_between, connections.all())):
        return []
    return [
        Error(
            "DATABASE_URL leder till en pooler, men DATABASE_POOLER är inte satt.",
            hint="Sätt DATABASE_POOLER=1, eller låt DATABASE_URL leda direkt till PostgreSQL.",
            id="sesam.E020",
        )
    ]


def _stands_between(one: BaseDatabaseWrapper) -> bool:
    try:
        return pooler.stands_between(one)
    except DatabaseError:  # no database, so nobody is served either
        return False


def _role_errors() -> list[Error]:
    """The role that the portal runs as can't change the access log, nor open it for change."""
    try:
        powers = database_roles.powers(connection)
    except DatabaseError:  # no database, so nobody is served either
        return []
    if not powers:
        return []
    return [
        Error(
            f"Databasrollen i DATABASE_URL {' och '.join(powers)}.",
            hint="Sätt DATABASE_OWNER_URL till den som äger tabellerna och DATABASE_URL till en "
            "annan roll, och kör migrate: det gör rollen.",
            id="sesam.E006",
        )
    ]


def _demo_account_errors() -> list[Error]:
    """Demo accounts have a password that everybody knows."""
    try:
        found = apps.get_model("organisation", "User").objects.filter(is_demo=True).exists()
    except DatabaseError:  # not migrated yet, so nobody can sign in either
        found = False
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
    return _settings_errors() + _store_errors()


@register(Tags.database)
def check_database(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[Error]:
    """``manage.py check --database default``, and ``migrate``, which may come before the tables
    and is for their owner."""
    if settings.DEMO or settings.DEBUG or settings.TESTING or not databases:
        return []
    if not os.environ.get("DATABASE_URL"):
        return []
    return _demo_account_errors() if settings.DB_AS_OWNER else _database_errors()


@register(Tags.urls)
def check_places(app_configs: Any, **kwargs: Any) -> list[Error]:
    """What apps add to each other's pages leads somewhere."""
    try:
        places.prove()
    except (ImproperlyConfigured, NoReverseMatch, TemplateDoesNotExist) as fault:
        return [Error(f"{type(fault).__name__}: {fault}", id="sesam.E007")]
    return []


def refuse_unsafe_start() -> None:
    """Called when a web server starts: raises rather than serve unsafely."""
    places.prove()
    _refuse(_settings_errors() + _running_errors() + _store_errors())
    if replica.is_named() and replica.is_replica() is False:
        _log.warning(
            "DATABASE_REPLICA_URL leads to a server that follows no other: the primary is asked"
            " instead, until it leads to a replica"
        )
    if _nobody_gets_in():
        _log.warning(
            "Nobody can sign in: no OIDC_ISSUER, and no account has a one-time code"
            " (manage.py emergency_account NAME)"
        )
    if not (settings.DEMO or settings.TESTING):
        if primary.is_read_only():
            primary.tell()
        primary.look_elsewhere()


def refuse_unsafe_work() -> None:
    """Called when a worker starts: it reaches its database, and what it makes is found by all."""
    try:
        errors = pooler_errors()
    finally:
        connection.close()
    _refuse(errors + _store_errors())


def _refuse(errors: list[Error]) -> None:
    if errors:
        raise ImproperlyConfigured(" ".join(f"{error.msg} {error.hint}" for error in errors))


def _nobody_gets_in() -> bool:
    """As after an upgrade from when a password alone would do. A first start comes before the first
    account, so it is told and no reason to refuse."""
    if settings.DEMO or settings.TESTING or settings.OIDC_OP_ISSUER:
        return False
    codes = apps.get_model("otp_totp", "TOTPDevice").objects
    try:
        return not codes.filter(confirmed=True, user__is_active=True).exists()
    except DatabaseError:  # no database, so nobody is served either
        return False
    finally:
        connection.close()
