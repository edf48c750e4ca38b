from typing import Any

from django.core.management.base import BaseCommand

from sesam import jobs


class Command(BaseCommand):
    help = "Clear away generated files and files of drafts that are more than a day old."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, number in jobs.clear_all().items():
            self.stdout.write(f"{name}: {number}")
