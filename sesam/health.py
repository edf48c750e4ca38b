"""For whoever watches the service: is it alive, is it ready to serve?"""

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse

from . import draining, primary


def alive(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    """The database answers and takes writes, every migration is applied and nobody has told the web server
    to stop; 503 otherwise."""
    if draining.is_on():
        stopping = HttpResponse("stopping", status=503, content_type="text/plain")
        stopping._has_been_logged = True  # type: ignore[attr-defined]  # Django would log an error
        return stopping
    try:
        pending = not _is_migrated()
        read_only = primary.is_read_only()
    except Error:
        pending, read_only = False, primary.is_read_only()
        if not read_only:
            return HttpResponse("database", status=503, content_type="text/plain")
    if read_only:
        primary.tell()
        primary.look_elsewhere()
        return HttpResponse("read-only", status=503, content_type="text/plain")
    if pending:
        return HttpResponse("migrations", status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")


# What was applied when all was: what this release needs, which a process works out once. To read all
# migrations takes a good part of a second, and proxies ask every second.
_needed: set[tuple[str, str]] = set()


def _is_migrated() -> bool:
    if _needed:
        return _needed <= set(MigrationRecorder(connection).applied_migrations())
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    _needed.update(executor.loader.applied_migrations)
    return True
