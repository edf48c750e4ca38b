"""gunicorn reads this by itself; every value can be set from the environment."""

import gc
import os
import shutil
import tempfile

from sesam import draining


def cores() -> int:
    """How many this process may use, rather than how many the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
# Measured by tests/benchmarks/load.py: a page is mostly our own work, so that more threads only wait
# for each other; one process more than cores works while another asks the database.
workers = int(os.environ.get("WEB_CONCURRENCY") or cores() + 1)
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS") or 2)
os.environ["PORTAL_THREADS"] = str(workers * threads)  # told by /metrics
timeout = 60
graceful_timeout = 20
keepalive = 5
max_requests = 5000
max_requests_jitter = 500
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108
# Where the workers count what /metrics tells (sesam/metrics.py): theirs alone, gone with the server.
_counted = ""
if os.environ.get("METRICS_TOKEN") or os.environ.get("METRICS_ADDRESSES"):
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        _counted = tempfile.mkdtemp(prefix="portal-metrics-", dir=worker_tmp_dir)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = _counted
accesslog = "-"
logger_class = "sesam.gunicorn_logs.Logger"
# The path without its query and without numbers of people (%(r)s and %(f)s would show what people searched for).
access_log_format = "%(t)s %(h)s %(m)s %(U)s %(s)s %(B)s %(M)sms"


def when_ready(server: object) -> None:
    draining.watch(server)


def on_exit(server: object) -> None:
    if _counted:
        shutil.rmtree(_counted, ignore_errors=True)


def post_worker_init(worker: object) -> None:
    """What was loaded at start stays: the collector need not look through it at every turn, and
    a page that makes some ten thousand short-lived objects needs no forty turns."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
