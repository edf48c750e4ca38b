"""``manage.py load_demo``: fill an empty database with the demo's data."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from articles.models import Article
from portal import demo


class Command(BaseCommand):
    help = "Load the demo's data into an empty database (only with DEMO=1)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="Do nothing where there is data already."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demo data has no place here: DEMO=1 is not set.")
        if Article.objects.exists():
            if options["if_empty"]:
                return
            raise CommandError("The database has data already. «make reset» starts anew.")
        began = time.monotonic()
        loaded = demo.load()
        self.stdout.write(
            f"Demo data: {loaded.articles} articles, {loaded.recipients} recipients,"
            f" {loaded.individuals} individuals, {loaded.orders} orders"
            f" in {time.monotonic() - began:.1f} s."
        )
