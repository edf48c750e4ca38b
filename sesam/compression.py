"""Pages go compressed to the browser; files are not.

What is in ``static/`` whitenoise keeps compressed, papers and attachments are compressed already.
A page repeats what was typed into it beside secrets of the session (BREACH): Django's middleware adds
a random length to each answer, the form's token differs each time, and the session's cookie goes
only with a whole page that another site opens, not with what its scripts ask for.
"""

from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class CompressedPages(GZipMiddleware):
    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if not response.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)
