"""All settings, from environment variables with safe defaults.

Nothing needs to be set for development: ``make run`` sets DEBUG and DEMO. For production see
docker-compose.yml; ``sesam/checks.py`` lists what the web server refuses to start with.
"""

import datetime as dt
import ipaddress
import tomllib
import urllib.parse
from pathlib import Path
from typing import Any

import django_stubs_ext
import environ
import pghistory
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from whitenoise.compress import Compressor

# Lets classes say what they are of, as types want it: ``ModelAdmin[Order]``.
django_stubs_ext.monkeypatch()

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# What the foot of every page says.
VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "version"
]

# ---- What kind of process this is ------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=False)  # demo accounts may exist, one-click sign-in
TESTING = env.bool("TESTING", default=False)  # set by tests/conftest.py only
_LOCAL = DEBUG or DEMO or TESTING
# Whether the browser reaches us over TLS (ended by a proxy in front).
HTTPS = env.bool("HTTPS", default=not _LOCAL)

INSECURE_SECRET_KEY = "insecure-key-for-development-and-tests-only-0123456789"  # noqa: S105
SECRET_KEY = env("SECRET_KEY", default=INSECURE_SECRET_KEY)
# What the access log's checksums are made with, and what older rows' were: so that SECRET_KEY can
# be changed without the log losing its answers.
ACCESS_LOG_KEY = env("ACCESS_LOG_KEY", default=INSECURE_SECRET_KEY)
ACCESS_LOG_KEY_FALLBACKS = env.list("ACCESS_LOG_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# ---- Apps ------------------------------------------------------------------------------------
INSTALLED_APPS = [
    # Our own first, so that their templates and commands win over a library's.
    "portal",
    "deviations",
    "invoicing",
    "pickups",
    "activities",
    "orders",
    "recipients",
    "individuals",
    "articles",
    "organisation",
    "sesam",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "django_prose_editor",  # its static files: sesam/rich_text.py
    "csp",
    "pghistory",  # sesam/history.py
    "pgtrigger",
    "procrastinate.contrib.django",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
]

MIDDLEWARE = [
    "sesam.metrics.Counted",
    "sesam.tracing.Traced",
    "sesam.asking.FromWhere",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "sesam.faults.NoNullBytes",  # before whitenoise, which looks for files by the address
    "sesam.faults.DatabaseFaults",
    "sesam.static_files.StaticFiles",
    "sesam.file_store.StoredFiles",
    "sesam.compression.CompressedPages",
    "sesam.sessions.SlidingSessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "sesam.search_boxes.Boxes",
    "organisation.middleware.SignedInPages",
    "organisation.downloads.Downloads",
    "sesam.documents.UnavailablePage",
    "recipients.why.AskedFirst",
    "axes.middleware.AxesMiddleware",  # last: it answers a locked sign-in
]

ROOT_URLCONF = "sesam.urls"
WSGI_APPLICATION = "sesam.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_LOADERS = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
FORM_RENDERER = "sesam.form_drawing.Renderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            # A changed template shows at once while developing.
            "loaders": _LOADERS if DEBUG else [("django.template.loaders.cached.Loader", _LOADERS)],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sesam.context.frame",
            ],
        },
    },
]

# ---- Database --------------------------------------------------------------------------------
DB_NAME = env("DB_NAME", default="portal")
# The role that migrates owns the tables, the other one runs the portal (sesam/database_roles.py).
DB_AS_OWNER = env.bool("DB_AS_OWNER", default=False)  # set by manage.py for what changes tables


def _named(variable: str, kind: str = "read-write") -> dict[str, Any]:
    database: dict[str, Any] = env.db_url(variable, engine="django.db.backends.postgresql")
    hosts = urllib.parse.unquote(database["HOST"]).split(",")  # a socket folder is quoted
    ports = str(database["PORT"] or "").split(",")
    if ports != [""] and len(ports) != len(hosts):
        raise ImproperlyConfigured(
            f"{variable} names a port for some of its hosts: give each its own, or none any."
        )
    database |= {"HOST": ",".join(hosts)}
    if len(hosts) > 1:  # a primary and its standby: the one that takes writes is meant
        database["OPTIONS"] = {"target_session_attrs": kind, **database.get("OPTIONS", {})}
    return database


if env("DATABASE_URL", default=""):
    _database = _named("DATABASE_URL")
    _owner = _named("DATABASE_OWNER_URL") if env("DATABASE_OWNER_URL", default="") else _database
elif env("DATABASE_OWNER_URL", default=""):
    raise ImproperlyConfigured("DATABASE_OWNER_URL is set, but not DATABASE_URL.")
else:
    # No server named: the checkout's own (see the module). The web server in production
    # refuses that (sesam/checks.py).
    from sesam.dev import local_postgres

    local_postgres.start(local_postgres.DEV, DB_NAME)
    _owner = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": DB_NAME,
        "USER": local_postgres.ROLE,
        "HOST": str(local_postgres.DEV.sockets),
    }
    _database = _owner | {"USER": local_postgres.RUNNING_ROLE}
RUNNING_ROLE = {"USER": _database["USER"], "PASSWORD": _database.get("PASSWORD", "")}
if DB_AS_OWNER:
    _database = _owner
# Behind a pooler that shares connections between transactions nothing may stay on one.
DATABASE_POOLER = env.bool("DATABASE_POOLER", default=False)
# Set by wsgi.py: this process answers people, rather than being a command or the worker.
SERVING = env.bool("SERVING", default=False)


def _opened(database: dict[str, Any]) -> dict[str, Any]:
    """How its connections are opened."""
    # Django opens a cursor of the server for each choice field of a page, in three statements; nothing
    # here reads so much that it couldn't be held at once.
    database["DISABLE_SERVER_SIDE_CURSORS"] = True
    database["OPTIONS"] = {
        # A question that comes again on its connection is prepared there, by psycopg itself.
        "server_side_binding": not DATABASE_POOLER,
        "prepare_threshold": None if DATABASE_POOLER else 2,
        # A server that is gone is noticed within this, also by those who are waiting for its answer.
        "connect_timeout": 2,  # seconds
        "tcp_user_timeout": 3000,  # milliseconds
        "keepalives_idle": 5,
        "keepalives_interval": 1,
        **database.get("OPTIONS", {}),
    }
    if not DATABASE_POOLER:  # a pooler refuses it, and has its own (deploy/pgbouncer.ini)
        # What is read at random costs hardly more than what lies in a row: the disks turn no more, and
        # most of it lies in memory. By PostgreSQL's own figure (4) a page about 3 000 rows reads all
        # that there are of their tables.
        wanted = f" -c random_page_cost={env.float('DB_RANDOM_PAGE_COST', default=1.1)}"
        if SERVING:
            # Nobody waits longer for another's change, nor for an answer. Commands and jobs may.
            wanted += (
                f" -c lock_timeout={env.int('DB_LOCK_TIMEOUT', default=5)}s"
                f" -c statement_timeout={env.int('DB_STATEMENT_TIMEOUT', default=20)}s"
            )
        database["OPTIONS"]["options"] = f"{database['OPTIONS'].get('options', '')}{wanted}"
    # Each thread keeps its connection, with what is prepared on it, and looks at the start of a
    # request whether it still answers. (A pool would give each request another one.)
    database["CONN_MAX_AGE"] = None if SERVING else 0
    database["CONN_HEALTH_CHECKS"] = True
    database["TEST"] = {"NAME": "test_portal" + env("TEST_DB_SUFFIX", default="")}
    return database


DATABASES = {"default": _opened(_database)}
# Named questions go there (sesam/replica.py), where one is named: to the same database and role.
DATABASE_REPLICA_LAG = env.float("DATABASE_REPLICA_LAG", default=0.5)  # seconds
DATABASE_REPLICA_RETRY = env.float("DATABASE_REPLICA_RETRY", default=10)  # … that it is left out
if env("DATABASE_REPLICA_URL", default="") and not DB_AS_OWNER:
    DATABASES["replica"] = _opened(_named("DATABASE_REPLICA_URL", "standby"))
    # It is asked how far it has come before it is asked anything.
    DATABASES["replica"]["CONN_HEALTH_CHECKS"] = False
    DATABASES["replica"]["TEST"] = {"MIRROR": "default"}
    DATABASE_ROUTERS = ["sesam.replica.Router"]

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# ---- Who signs in ----------------------------------------------------------------------------
AUTH_USER_MODEL = "organisation.User"
LOGIN_URL = "/logga-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/logga-in/"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "organisation.backends.PortalBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Five failures for the same name from the same address close that pair for a quarter.
AXES_FAILURE_LIMIT = env.int("SIGN_IN_ATTEMPTS", default=5)
AXES_COOLOFF_TIME = dt.timedelta(minutes=env.int("SIGN_IN_PAUSE_MINUTES", default=15))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True  # the portal keeps a log of its own
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "code"]
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = (
    False  # in English; a pause ends by itself, or by `manage.py axes_reset_username`
)
AXES_HTTP_RESPONSE_CODE = 429
AXES_LOCKOUT_CALLABLE = "organisation.views.locked_out"
AXES_CLIENT_IP_CALLABLE = "sesam.client_ip.client_ip"

# Over so many failures of a name in an hour, or from an address in a quarter, each try waits for
# up to so many seconds (organisation/sign_in_pace.py).
SIGN_IN_NAME_LIMIT = env.int("SIGN_IN_NAME_LIMIT", default=20)
SIGN_IN_ADDRESS_LIMIT = env.int("SIGN_IN_ADDRESS_LIMIT", default=100)
SIGN_IN_WAIT_MAX = env.int("SIGN_IN_WAIT_MAX", default=60)

# Names and passwords beside SITHS: demo, break-glass or off (organisation/emergency.py).
LOCAL_PASSWORDS = env("LOCAL_PASSWORDS", default="demo" if _LOCAL else "break-glass")
OTP_TOTP_ISSUER = "Hjälpmedelsportalen"

# SITHS, by OpenID Connect (organisation/siths): on where an issuer is named. The names are those
# of the provider's discovery document, and what it says there is what they are to be.
OIDC_OP_ISSUER = env("OIDC_ISSUER", default="")
OIDC_OP_AUTHORIZATION_ENDPOINT = env("OIDC_AUTHORIZATION_ENDPOINT", default="")
OIDC_OP_TOKEN_ENDPOINT = env("OIDC_TOKEN_ENDPOINT", default="")
OIDC_OP_USER_ENDPOINT = env("OIDC_USERINFO_ENDPOINT", default="")
OIDC_OP_JWKS_ENDPOINT = env("OIDC_JWKS_URI", default="")
OIDC_OP_LOGOUT_ENDPOINT = env("OIDC_END_SESSION_ENDPOINT", default="")
OIDC_RP_CLIENT_ID = env("OIDC_CLIENT_ID", default="")
OIDC_RP_CLIENT_SECRET = env("OIDC_CLIENT_SECRET", default="")
OIDC_TOKEN_USE_BASIC_AUTH = env.bool("OIDC_BASIC_AUTH", default=False)
OIDC_RP_SIGN_ALGO = env("OIDC_ALGORITHM", default="RS256")
OIDC_VERIFY_KID = env.bool("OIDC_VERIFY_KID", default=True)
# The provider asks for the card each time; empty leaves it to its own single sign-on.
OIDC_PROMPT = env("OIDC_PROMPT", default="login")
# How sure the provider must be of who it is: any of these will do.
OIDC_LEVELS = env.list(
    "OIDC_LEVELS", default=["http://id.sambi.se/loa/loa3", "http://id.sambi.se/loa/loa4"]
)
# Whoever is on the way from the provider is told within so many seconds that it doesn't answer,
# and so many at once are asked after in a process: the other threads go on with their pages.
OIDC_PATIENCE = 4
OIDC_TIMEOUT = 3  # for each answer
OIDC_AT_ONCE = max(1, int(env("WEB_THREADS", default="") or 2) - 1)

# Accounts that nobody uses (organisation/accounts.py); 0 months: never.
ACCOUNT_INACTIVE_MONTHS = env.int("ACCOUNT_INACTIVE_MONTHS", default=6)
ACCOUNT_END_MONTHS = env.int("ACCOUNT_END_MONTHS", default=12)
ACCOUNT_WARNING_DAYS = env.int("ACCOUNT_WARNING_DAYS", default=14)

# A unit that hasn't answered about a recall is reminded so many days after it heard of it last (0: never).
RECALL_REMINDER_DAYS = env.int("RECALL_REMINDER_DAYS", default=7)

# How long users find what they have read (0: always), and KHS what became of a letter.
MESSAGES_KEPT_MONTHS = env.int("MESSAGES_KEPT_MONTHS", default=12)
MAIL_KEPT_DAYS = env.int("MAIL_KEPT_DAYS", default=30)

# How many proxies of ours stand in front and write X-Forwarded-For (0: nobody is believed).
PROXY_COUNT = env.int("PROXY_COUNT", default=0)

SESSION_COOKIE_AGE = 30 * 60  # seconds, counted from the latest request
SESSION_ENGINE = "sesam.sessions"
SESSION_COOKIE_NAME = "session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = "Lax"

# ---- Transport and headers -------------------------------------------------------------------
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # asked from inside, without TLS
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


def _origin(address: str) -> str:
    parts = urllib.parse.urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


# Signing out is a form, and its redirect to the provider (and on, where that sends people on) would
# be stopped.
_SIGNED_OUT_BY = {_origin(OIDC_OP_LOGOUT_ENDPOINT)} if OIDC_OP_LOGOUT_ENDPOINT else set()
_SIGNED_OUT_BY |= set(env.list("OIDC_MORE_ORIGINS", default=[]))
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # ticks and chevrons stand in portal.css
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF, *sorted(_SIGNED_OUT_BY)],
        "frame-ancestors": [NONE],
    }
}

# ---- Language and time -----------------------------------------------------------------------
LANGUAGE_CODE = "sv"
LANGUAGES = [("sv", "svenska")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Stockholm"

# ---- Files -----------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = env("STATIC_ROOT", default=str(BASE_DIR / ".local" / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
# A bucket of an S3 store that keeps them instead of MEDIA_ROOT (sesam/s3_store.py), and how many threads of
# a web process may wait for it at once: the others go on with their pages.
FILES_STORE = env("FILES_STORE", default="")
FILES_AT_ONCE = max(1, int(env("WEB_THREADS", default="") or 2) - 1) if SERVING else 100
# Attachments are private: no address leads into this folder, views check who may read.
MEDIA_ROOT = env("MEDIA_ROOT", default=str(BASE_DIR / ".local" / "media"))
MEDIA_URL = ""
STORAGES = {
    "default": {"BACKEND": "sesam.s3_store.Store" if FILES_STORE else "sesam.file_store.Folder"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "sesam.static_files.SlimFilesStorage"
    },
}
# Nobody but a developer fetches a source map, and the editor's takes a dozen seconds to compress.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# A complaint comes within so many months of the delivery, or says why it comes later.
COMPLAINT_MONTHS_LENT = env.int("COMPLAINT_MONTHS_LENT", default=3)
COMPLAINT_MONTHS_SOLD = env.int("COMPLAINT_MONTHS_SOLD", default=12)
# Working days that KHS has to receive a deviation (a grave one: a day), and to close it.
DEVIATION_RECEIVE_DAYS = env.int("DEVIATION_RECEIVE_DAYS", default=3)
DEVIATION_CLOSE_DAYS = env.int("DEVIATION_CLOSE_DAYS", default=30)
ATTACHMENT_MAX_BYTES = env.int("ATTACHMENT_MAX_BYTES", default=10 * 1024 * 1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # form data; files are counted apart
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 20
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700

# ---- The portal's own ------------------------------------------------------------------------
REGISTER_DOWN = env.bool("REGISTER_DOWN", default=False)  # the demo's population register
ACCESS_LOG_YEARS = env.int("ACCESS_LOG_YEARS", default=5)  # kept so long, and never shorter
# A human's pace, for each user: counted from the access log, or by sesam/limits.py (0: no limit).
RECIPIENT_SEARCH_LIMIT = env.int("RECIPIENT_SEARCH_LIMIT", default=200)  # numbers in an hour
RECIPIENT_SEARCH_MINUTE = env.int("RECIPIENT_SEARCH_MINUTE", default=20)  # … and in a minute
DOWNLOAD_LIMIT = env.int("DOWNLOAD_LIMIT", default=300)  # files in an hour, a fifth of them at once
# On the way to the identity provider, from one address: a whole hospital may be behind it.
SITHS_VISIT_LIMIT = env.int("SITHS_VISIT_LIMIT", default=10_000)  # in an hour, a fifth at once
# So long after the last entry a person's records stay (sesam.checks.LEAST_YEARS: never shorter).
RETENTION_CARE_YEARS = env.int("RETENTION_CARE_YEARS", default=10)
RETENTION_DEVIATION_YEARS = env.int("RETENTION_DEVIATION_YEARS", default=10)
RETENTION_MONEY_YEARS = env.int("RETENTION_MONEY_YEARS", default=7)
# The head of every printed paper. The demo's address and phone name no real place.
AID_CENTRE = {
    "name": env("AID_CENTRE_NAME", default="Hjälpmedelsverksamheten KHS"),
    "address": env("AID_CENTRE_ADDRESS", default="Industrigatan 12, Kalmar" if _LOCAL else ""),
    "phone": env("AID_CENTRE_PHONE", default="08-465 004 20" if _LOCAL else ""),
}
AVAILABILITY_ROW_LIMIT = env.int("AVAILABILITY_ROW_LIMIT", default=200)  # rows of one list

# ---- E-mail ----------------------------------------------------------------------------------
# Users choose which messages come by e-mail too; without a server there is nothing to choose, and
# while developing letters stand in the log.
EMAIL_HOST = env("EMAIL_HOST", default="")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_USE_SSL = env.bool("EMAIL_USE_SSL", default=False)
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=10)  # seconds, for each answer of the server
_MAIL = "django.core.mail.backends.smtp" if EMAIL_HOST else "django.core.mail.backends.console"
EMAIL_BACKEND = env("EMAIL_BACKEND", default=f"{_MAIL}.EmailBackend")
DEFAULT_FROM_EMAIL = env("EMAIL_FROM", default="hjalpmedelsportalen@localhost")
MAIL_ON = bool(EMAIL_HOST) or _LOCAL
PORTAL_URL = env("PORTAL_URL", default="")  # https://…, for the link in letters

# ---- Libraries -------------------------------------------------------------------------------
PGHISTORY_FOREIGN_KEY_FIELD = pghistory.ForeignKey(db_index=False)  # nobody searches by them
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"  # each app's room for them

# ---- Logs and error reports ------------------------------------------------------------------
# No query strings, no form values, no personal numbers; nobody gets error mail.
ADMINS: list[tuple[str, str]] = []
MANAGERS: list[tuple[str, str]] = []
DEFAULT_EXCEPTION_REPORTER = "sesam.error_reports.Reporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "sesam.error_reports.HideEverything"

# Who may ask for /metrics (sesam/metrics.py): who says the token, from the addresses; both where both
# are set, nobody where neither is.
METRICS_TOKEN = env("METRICS_TOKEN", default="")
METRICS_ADDRESSES = [
    str(ipaddress.ip_network(n)) for n in env.list("METRICS_ADDRESSES", default=[])
]
# Where traces go (OTLP over HTTP, https://…/v1/traces); none are made unless it is set (sesam/tracing.py).
TRACES_TO = env("TRACES_TO", default="")
LOG_AS_JSON = env("LOG_FORMAT", default="text") == "json"  # also gunicorn's (gunicorn_logs.py)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"path_only": {"()": "sesam.logs.PathOnly"}},
    "formatters": {
        "plain": {
            "()": "sesam.logs.Formatter",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        },
        "json": {"()": "sesam.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json" if LOG_AS_JSON else "plain",
            "filters": ["path_only"],
        }
    },
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # Has a handler of its own by default, which would print query strings.
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        # Says at every start which jobs it found.
        "procrastinate": {"level": "WARNING"},
        # Its messages hold the names that people typed.
        "axes": {"level": "CRITICAL"},
        # They tell what a provider answered, and whom a user was looked for by.
        "mozilla_django_oidc": {"level": "CRITICAL"},
        "urllib3": {"level": "ERROR"},
        # They tell each request, with its address.
        "boto3": {"level": "ERROR"},
        "botocore": {"level": "ERROR"},
        "s3transfer": {"level": "ERROR"},
        # They tell every step of making a PDF.
        "weasyprint": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
    },
}
