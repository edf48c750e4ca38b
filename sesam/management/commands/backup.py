"""``manage.py backup FOLDER``: the database and the files, as the owner of the tables."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from sesam import backups, ending


class Command(BaseCommand):
    help = (
        "Write a backup of the database and of MEDIA_ROOT into a new folder below FOLDER. People may"
        " work meanwhile. It has its name only when it is whole."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--keep", type=int, default=0, help="then remove all but so many of the newest"
        )

    def handle(self, *args: Any, folder: Path, keep: int, **options: Any) -> None:
        with ending.told():
            made = backups.take(folder.resolve(), tell=self.stdout.write, keep=max(0, keep))
        self.stdout.write(f"The backup is {made}")
