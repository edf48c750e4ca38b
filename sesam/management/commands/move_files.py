"""``manage.py move_files to-store`` and ``to-folder``: between ``MEDIA_ROOT`` and the S3 store."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from sesam import ending, file_store


class Command(BaseCommand):
    help = (
        "Copy all files from MEDIA_ROOT into the store that FILES_STORE names, or back, read back each and"
        " compare. Begun again it goes on where it was. People may work meanwhile; run it once more after"
        " the setting has changed everywhere."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("way", choices=["to-store", "to-folder"])
        parser.add_argument(
            "--remove", action="store_true", help="then remove those that were moved"
        )

    def handle(self, *args: Any, way: str, remove: bool, **options: Any) -> None:
        if not settings.FILES_STORE:
            raise CommandError("Set FILES_STORE for this command: it names the store.")
        from sesam import s3_store  # Amazon's library comes with it

        store, folder = s3_store.Store(), file_store.folder()
        source, target = (folder, store) if way == "to-store" else (store, folder)
        try:
            if said := s3_store.why_not():
                raise CommandError(said)
            with ending.told():
                moved = file_store.move(source, target, remove=remove, tell=self.stdout.write)
        except file_store.StoreDown:
            raise CommandError(
                "FILES_STORE doesn't answer, or refuses: see the log. What was copied stays; run it again."
            ) from None
        self.stdout.write(f"{moved.copied} files copied, {moved.there} were there already")
        if moved.lost:
            self.stdout.write(f"{len(moved.lost)} files that rows name are in neither place")
        if moved.differ:
            shown = ", ".join(moved.differ[:5])
            raise CommandError(
                f"{len(moved.differ)} files are other ones in the two places, and were left alone: {shown}"
            )
        if remove:
            self.stdout.write(f"{moved.removed} files removed where they were")
