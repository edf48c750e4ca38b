"""Words put together as one writes them."""

from collections.abc import Sequence


def listed(names: Sequence[str]) -> str:
    """«a, b och c»."""
    return " och ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
