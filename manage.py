#!/usr/bin/env python
"""Django's command line."""

import os
import sys

# What changes or empties tables is done by the role that owns them (settings.DB_AS_OWNER).
AS_OWNER = {
    "backup",
    "flush",
    "makemigrations",
    "migrate",
    "optimizemigration",
    "pgtrigger",
    "restore",
    "showmigrations",
    "squashmigrations",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sesam.settings")
    if AS_OWNER.intersection(sys.argv[1:2]):
        os.environ["DB_AS_OWNER"] = "1"
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
