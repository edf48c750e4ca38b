"""For whoever watches the service: is it alive, is it ready to serve?"""

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse

from . import draining


def alive(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    """The database answers, every migration is applied and nobody has told the web server to stop; 503
    otherwise."""
    if draining.is_on():
        stopping = HttpResponse("stopping", status=503, content_type="text/plain")
        stopping._has_been_logged = True  # type: ignore[attr-defined]  # Django would log an error
        return stopping
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error:
        return HttpResponse("database", status=503, content_type="text/plain")
    if pending:
        return HttpResponse("migrations", status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")
