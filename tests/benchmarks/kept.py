"""``figures.json``: what the pages and the load took, that a change can be held against.

By regions (``"1"``, ``"3"``): ``floor_ms`` of the bare view, ``pages`` by name, ``load``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("figures.json")


def read() -> dict[str, dict[str, Any]]:
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def of(times: int) -> dict[str, Any]:
    return read().get(str(times), {})


def keep(times: int, **figures: Any) -> None:
    """Put ``figures`` in, and leave the others; of ``pages`` those that weren't asked."""
    everything = read()
    before = everything.setdefault(str(times), {})
    if "pages" in figures:
        figures["pages"] = {**before.get("pages", {}), **figures["pages"]}
    before.update(figures)
    FILE.write_text(json.dumps(everything, indent=1, sort_keys=True) + "\n")
