"""The stylesheets: what they name must exist."""

import re
from pathlib import Path

from django.conf import settings

STATIC = Path(settings.BASE_DIR) / "static"


def sheets() -> dict[str, str]:
    """Of the pages; a paper's are WeasyPrint's (``static/documents``)."""
    return {
        sheet.name: re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.S)
        for sheet in STATIC.glob("*.css")
    }


def test_every_property_that_a_rule_uses_is_set_somewhere():
    ours = "\n".join(sheets().values())
    used = set(re.findall(r"var\(\s*(--[\w-]+)", ours))
    known = set(re.findall(r"(--[\w-]+)\s*:", ours))
    assert used, "no sheet was read"
    assert used <= known, f"named, but never set: {sorted(used - known)}"


def test_a_sheet_fetches_nothing_but_fonts():
    """A tick or a chevron is drawn in the sheet itself: each file would be one more to wait for."""
    for name, text in sheets().items():
        fetched = [url for url in re.findall(r'url\("([^"]+)"\)', text) if ":" not in url]
        assert all(url.endswith(".woff2") for url in fetched), (name, fetched)
