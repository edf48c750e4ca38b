"""What the browser fetches of ``static/`` in production: our sheets and scripts without what only
their writers read. Names with a checksum, kept for years and compressed, is whitenoise's.

Not a minifier: names, values and the order of things stay, a script keeps its lines. It goes by how
we write: a comment of a script has a line of its own, and no text over several lines depends on how
they are indented.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils.html import conditional_escape
from whitenoise.middleware import WhiteNoiseMiddleware
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
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._told: dict[str, str] = {}

    def url(self, name: str, force: bool = False) -> str:
        """As the manifest has it, which is read once: a page has a dozen of them."""
        if force:
            return str(super().url(name, force))
        if name not in self._told:
            self._told[name] = conditional_escape(super().url(name))
        return self._told[name]

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool]]:
        self._told.clear()
        slimmed = {}
        for name in paths if not dry_run else ():
            # What others wrote lies in folders, as do the papers' sheets.
            if "/" not in name and (slim := SLIM.get(Path(name).suffix)):
                file = Path(self.path(name))
                file.write_text(slim(file.read_text(encoding="utf-8")), encoding="utf-8")
                slimmed[name] = (self, name)
        yield from super().post_process({**paths, **slimmed}, dry_run, **options)


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # has no types
    """Knows what was collected before the server started, and looks again for what wasn't: while a
    release is taken in, a page of one node asks another for its style (docs/operations.md, «Upgrade»)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        if self.static_root and not self.autorefresh:
            self.directories.append(
                (os.path.join(os.path.abspath(self.static_root), ""), self.static_prefix)
            )

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if not self.autorefresh and path.startswith(self.static_prefix) and path not in self.files:
            found = self.find_file(path)
            if found is not None:
                return self.serve(found, request)  # type: ignore[no-any-return]
        return super().__call__(request)  # type: ignore[no-any-return]
