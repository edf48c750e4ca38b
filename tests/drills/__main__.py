"""``python -m tests.drills [NAME …]``."""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType

from tests.drills import failover, files, moment, nodes, pooler, replica, upgrade
from tests.drills.parts import Skipped
from tests.visitor import Failed

DRILLS = {
    "nodes": nodes.drill,
    "upgrade": upgrade.drill,
    "pooler": pooler.drill,
    "replica": replica.drill,
    "failover": failover.drill,
    "moment": moment.drill,
    "files": files.drill,
}
LONGEST = 30 * 60  # seconds


def _too_long(number: int, frame: FrameType | None) -> None:
    raise Failed(f"not done within {LONGEST // 60} minutes")


def _told_to_end(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run(name: str) -> bool:
    print(f"=== {name}: {DRILLS[name].__doc__.splitlines()[0]}", flush=True)
    began = time.monotonic()
    signal.alarm(LONGEST)
    try:
        DRILLS[name]()
    except Skipped as reason:
        print(f"skipped: {reason}")
        return True
    except Failed as failed:
        print(f"FAILED: {failed}")
        return False
    finally:
        signal.alarm(0)
    print(f"held, in {time.monotonic() - began:.0f} s")
    return True


def main(names: list[str]) -> int:
    unknown = set(names) - set(DRILLS)
    if unknown:
        print(f"No such drill: {', '.join(unknown)}. There are: {', '.join(DRILLS)}.")
        return 2
    signal.signal(signal.SIGALRM, _too_long)
    signal.signal(signal.SIGTERM, _told_to_end)
    held = [run(name) for name in names or DRILLS]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
