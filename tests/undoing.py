"""The strip «Ångra» as a page shows it."""

import re
from html import unescape


def undo_address(text: str) -> str:
    """Where the page's «Ångra» posts."""
    (found,) = re.findall(r'class="undo".*?action="([^"]+)"', text, re.DOTALL)
    return unescape(found)


def undo_words(text: str) -> str:
    """What the strip says was done; empty where there is none."""
    found = re.search(r'class="undo".*?<span>(.*?)</span>', text, re.DOTALL)
    return unescape(found[1]) if found else ""
