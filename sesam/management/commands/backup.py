"""``manage.py backup FOLDER``: the database and the files, as the owner of the tables."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sesam import backups, ending
from sesam.file_store import StoreDown


class Command(BaseCommand):
    help = (
        "Write a backup of the database and of all files into a new folder below FOLDER. People may"
        " work meanwhile. It has its name only when it is whole."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--keep", type=int, default=0, help="then remove all but so many of the newest"
        )

    def handle(self, *args: Any, folder: Path, keep: int, **options: Any) -> None:
        try:
            with ending.told():
                made = backups.take(folder.resolve(), tell=self.stdout.write, keep=max(0, keep))
        except StoreDown:
            raise CommandError("FILES_STORE doesn't answer, or refuses: see the log.") from None
        self.stdout.write(f"The backup is {made}")
