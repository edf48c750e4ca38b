"""``DB_AS_OWNER=1 manage.py thin_access_log``: what the access log has kept for its legal years, and
what is kept as long."""

from typing import Any

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone

from organisation import access_log
from organisation.models import AccessLogEntry
from organisation.slots import thinned_along
from sesam.checks import LOG_YEARS

AT_ONCE = 10_000  # rows of one transaction: nobody who writes to the log waits for it
_LOG = AccessLogEntry._meta.db_table
_OWNS = "SELECT pg_has_role(relowner, 'MEMBER') FROM pg_class WHERE oid = %s::regclass"
_REMOVE = f"""
    DELETE FROM {_LOG} WHERE id IN (SELECT id FROM {_LOG} WHERE at < %s ORDER BY at LIMIT %s)
"""  # noqa: S608  the table's name


class Command(BaseCommand):
    help = (
        "Remove from the access log what is older than ACCESS_LOG_YEARS, with the spot checks of then,"
        " and log that it was done."
        " Only the owner of the tables can: DB_AS_OWNER=1."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        years = settings.ACCESS_LOG_YEARS
        if years < LOG_YEARS:
            raise CommandError(f"ACCESS_LOG_YEARS is {years}: the log is kept for {LOG_YEARS}.")
        with connection.cursor() as cursor:
            cursor.execute(_OWNS, [_LOG])
            if not cursor.fetchone()[0]:
                raise CommandError(
                    "Only the owner of the tables may thin the access log: set DB_AS_OWNER=1 and"
                    " DATABASE_OWNER_URL."
                )
        before = timezone.now() - relativedelta(years=years)
        removed = 0
        while True:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(_REMOVE, [before, AT_ONCE])
                if not cursor.rowcount:
                    break
                removed += cursor.rowcount
                # In the same transaction: that something is gone is never unknown.
                detail = f"Gallrade {cursor.rowcount} rader från före {before:%Y-%m-%d}"
                access_log.record(None, access_log.Action.CHANGE, detail=detail)
        self.stdout.write(f"{removed} rows older than {years} years are gone.")
        for along in thinned_along:
            with transaction.atomic():
                if gone := along.thin(before):
                    detail = f"Gallrade {along.label} från före {before:%Y-%m-%d}: {gone}"
                    access_log.record(None, access_log.Action.CHANGE, detail=detail)
            self.stdout.write(f"{along.name}: {gone} gone.")
