"""``manage.py emergency_account NAME``: a one-time code, for when the identity provider is away."""

from typing import Any

import segno
from django.core.management.base import BaseCommand, CommandError, CommandParser

from organisation import emergency
from organisation.models import User


class Command(BaseCommand):
    help = (
        "Give a user a one-time code, which signs in with name and password where LOCAL_PASSWORDS is"
        " break-glass. An earlier one ends. The code's secret is shown this once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--remove", action="store_true", help="take the one-time code away")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"], is_active=True).first()
        if user is None:
            raise CommandError("No active user has that name.")
        if options["remove"]:
            had = emergency.take_code_away(user)
            self.stdout.write("The one-time code is gone." if had else "There was none.")
            return
        address = emergency.new_code(user)
        if self.stdout.isatty():
            segno.make(address).terminal(compact=True)
        self.stdout.write(f"Scan it with an app for one-time codes, or enter it there:\n{address}")
        if not user.has_usable_password():
            self.stdout.write(f"It has no password yet: manage.py changepassword {user.username}")
