"""What a test reads of a page: all but what is random on it.

A short word that must not stand on the page («FU», «0883») would else be found now and then in a
CSRF token, a nonce or an opaque key.
"""

import re

from django.http import HttpResponse

RANDOM = re.compile(
    r"""
    (?<=name="csrfmiddlewaretoken"\ value=")[^"]+
    | (?<=nonce=")[^"]+
    | \b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b  # opaque ids
    | (?<=/)[\w-]{12}(?=/)                           # a dialog's key in its address
    """,
    re.VERBOSE,
)


def read_page(response: HttpResponse) -> str:
    """The page without its tokens, nonces and keys."""
    return RANDOM.sub("", response.content.decode())
