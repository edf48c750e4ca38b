"""``manage.py worker``: does the background jobs until it is told to end.

The library's own command ends, as if all were well, when the database has been away for ten
seconds. This one waits and goes on.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from sesam.checks import refuse_unsafe_work

PAUSE = 2  # seconds until it tries again
log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Does the background jobs until it is told to end; waits while the database is away."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--concurrency", type=int, default=1, help="how many jobs at a time")

    def handle(self, *args: Any, concurrency: int, **options: Any) -> None:
        try:
            refuse_unsafe_work()
        except ImproperlyConfigured as refused:
            raise CommandError(str(refused)) from None
        asyncio.run(_until_told(concurrency))


async def _until_told(concurrency: int) -> None:
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    ending = asyncio.create_task(told.wait())
    while not told.is_set():
        working = asyncio.create_task(_work(concurrency))
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        if told.is_set():
            working.cancel()  # lets the jobs at hand come to their end
        try:
            await working
        except asyncio.CancelledError:
            return
        except Exception as error:
            log.warning("The worker stopped: %s", type(error).__name__)
        if not told.is_set():
            log.warning("The worker begins anew in %s s", PAUSE)
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(ending), PAUSE)


async def _work(concurrency: int) -> None:
    """Until the database is away."""
    connector = cast(DjangoConnector, app.connector)
    with app.replace_connector(connector.get_worker_connector()) as connected:
        async with connected.open_async():
            await connected.run_worker_async(
                concurrency=concurrency,
                install_signal_handlers=False,
                # A pooler doesn't pass on what a connection listens for; jobs are looked for every
                # five seconds too.
                listen_notify=not settings.DATABASE_POOLER,
            )
