"""How long processes have worked, by Linux: a figure that a busy machine leaves nearly as it is."""

from __future__ import annotations

import os
from pathlib import Path

PROC = Path("/proc")


def worked(pid: int) -> float:
    """Milliseconds that a process with its threads has been on a core."""
    return int((PROC / str(pid) / "schedstat").read_text().split()[0]) / 1e6


def worked_by_all(pid: int) -> float:
    """… with all its threads, also where ``schedstat`` tells of the first one alone."""
    tasks = (PROC / str(pid) / "task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


def children(pid: int) -> list[int]:
    found = []
    for task in (PROC / str(pid) / "task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def cores() -> int:
    return len(os.sched_getaffinity(0))
