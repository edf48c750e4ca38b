"""``manage.py check_stock``: prove that the books agree (``individuals.stock_check``)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from individuals.stock_check import differences


class Command(BaseCommand):
    help = (
        "Compare every balance with its movements, its pieces and what is reserved and blocked;"
        " what lines say is delivered with their deliveries; fitted parts with their loans."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        found = differences()
        for line in found:
            self.stderr.write(line)
        if found:
            raise CommandError(f"{len(found)} differences")
        self.stdout.write("The stock agrees.")
