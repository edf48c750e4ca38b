"""``manage.py sweep_files``: what the worker does every night, by hand."""

import datetime as dt
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sesam import file_store


class Command(BaseCommand):
    help = (
        "Remove files that no row names and that are more than two days old, as a process that was killed"
        " leaves them. Refuses where they are more than accidents leave."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--hours", type=int, default=0, help="how old they are at least (no fewer than 48)"
        )
        parser.add_argument(
            "--all", action="store_true", dest="all_of_them", help="however many they are"
        )

    def handle(self, *args: Any, hours: int, all_of_them: bool, **options: Any) -> None:
        age = max(file_store.SWEPT_AFTER, dt.timedelta(hours=hours))
        try:
            removed = file_store.sweep(older_than=age, all_of_them=all_of_them)
        except file_store.TooMany as told:
            raise CommandError(str(told)) from None
        except file_store.StoreDown:
            raise CommandError("FILES_STORE doesn't answer, or refuses: see the log.") from None
        self.stdout.write(f"{removed} files that no row named are removed")
