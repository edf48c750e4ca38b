from django.core.management.base import BaseCommand

from recipients import services


class Command(BaseCommand):
    """To be run every night."""

    help = "Tar bort mottagare som hämtades för över 30 dagar sedan utan att något ärende kom till."

    def handle(self, *args, **options) -> None:
        self.stdout.write(f"{services.clean_up()} mottagare togs bort.")
