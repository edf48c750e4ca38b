"""What the browser fetches of ``static/`` in production: our sheets and scripts without what only
their writers read. Names with a checksum, kept for years and compressed, is whitenoise's.

Not a minifier: names, values and the order of things stay, a script keeps its lines. It goes by how
we write: a comment of a script has a line of its own, and no text over several lines depends on how
they are indented.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage


def slim_sheet(text: str) -> str:
    """Without comments, line breaks and spaces; what stands in quotes is left as it is."""
    parts = re.split(r'("[^"]*")', re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))
    for i in range(0, len(parts), 2):
        part = re.sub(r"\s+", " ", parts[i])
        parts[i] = re.sub(r" ?([{};,]) ?", r"\1", part).replace(": ", ":").replace(";}", "}")
    return "".join(parts).strip()


def slim_script(text: str) -> str:
    """Without indentation, empty lines and lines that are comments."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"


SLIM = {".css": slim_sheet, ".js": slim_script}


class SlimFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # has no types
    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool]]:
        slimmed = {}
        for name in paths if not dry_run else ():
            # What others wrote lies in folders, as do the papers' sheets.
            if "/" not in name and (slim := SLIM.get(Path(name).suffix)):
                file = Path(self.path(name))
                file.write_text(slim(file.read_text(encoding="utf-8")), encoding="utf-8")
                slimmed[name] = (self, name)
        yield from super().post_process({**paths, **slimmed}, dry_run, **options)
