"""``manage.py restore BACKUP``: into an empty database and an empty MEDIA_ROOT, as the owner."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sesam import backups, ending
from sesam.file_store import StoreDown


class Command(BaseCommand):
    help = (
        "Put back what manage.py backup wrote, into an empty database and an empty store of files only,"
        " and look that all is as it was."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("backup", type=Path)

    def handle(self, *args: Any, backup: Path, **options: Any) -> None:
        try:
            with ending.told():
                manifest = backups.restore(backup.resolve(), tell=self.stdout.write)
        except StoreDown:
            raise CommandError("FILES_STORE doesn't answer, or refuses: see the log.") from None
        self.stdout.write(f"Restored, and all is as it was at {manifest.made_at}.")
