"""People who do something at the same instant: real threads, a database connection each."""

import threading
from collections.abc import Callable

from django.db import close_old_connections, connection

from sesam.errors import DomainError


def at_once(*jobs: Callable) -> list:
    """Run the jobs in threads with a connection each, from the same instant; what each gave
    back or raised as DomainError, in order. Anything else is raised here."""
    gate = threading.Barrier(len(jobs))
    results: list = [None] * len(jobs)

    def run(index: int, job: Callable) -> None:
        try:
            close_old_connections()
            gate.wait(timeout=20)
            results[index] = job()
        except BaseException as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(i, job)) for i, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, DomainError):
            raise result
    return results
