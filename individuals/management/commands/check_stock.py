"""``manage.py check_stock``: prove that balances, movements and pieces agree."""

from django.core.management.base import BaseCommand, CommandError

from individuals.stock_check import differences


class Command(BaseCommand):
    help = "Compare every balance with its movements and, for marked articles, its pieces."

    def handle(self, *args, **options) -> None:
        found = differences()
        for line in found:
            self.stderr.write(line)
        if found:
            raise CommandError(f"{len(found)} differences")
        self.stdout.write("The stock agrees.")
