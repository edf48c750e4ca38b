"""``manage.py restore BACKUP``: into an empty database and an empty MEDIA_ROOT, as the owner."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from sesam import backups, ending


class Command(BaseCommand):
    help = (
        "Put back what manage.py backup wrote, into an empty database and an empty MEDIA_ROOT only,"
        " and look that all is as it was."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("backup", type=Path)

    def handle(self, *args: Any, backup: Path, **options: Any) -> None:
        with ending.told():
            manifest = backups.restore(backup.resolve(), tell=self.stdout.write)
        self.stdout.write(f"Restored, and all is as it was at {manifest.made_at}.")
