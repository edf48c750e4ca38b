"""What a page costs doesn't hang on how deep below the server it is asked for."""

import resource

from sesam.roomy import roomy

CALLS = 2_000


def called() -> None:
    pass


def taken(depth: int) -> int:
    """How often memory was taken from the system by a loop of calls at this depth."""
    if depth:
        return taken(depth - 1)
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    for _ in range(CALLS):
        called()
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before


@roomy
def most_taken() -> int:
    return max(taken(depth) for depth in range(300))


def test_no_call_takes_memory_however_deep_it_stands():
    """Without it at some of these depths each call does."""
    assert most_taken() < CALLS / 10


def test_it_answers_as_it_is_asked():
    @roomy
    def minus(a: int, *, b: int) -> int:
        return a - b

    assert minus(3, b=1) == 2
