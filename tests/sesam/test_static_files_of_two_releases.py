"""While a release is taken in, a node is asked for a file of the other release: it may have come into
its folder since it started."""

import pytest
from django.http import Http404, HttpResponse

from sesam.static_files import StaticFiles


@pytest.fixture
def folder(tmp_path, settings):
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "portal.1.css").write_text("body {}")
    (tmp_path / "secret").write_text("no")
    settings.STATIC_ROOT = str(folder)
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = False
    return folder


def ask(node, rf, name):
    answer = node(rf.get(f"/static/{name}"))
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_what_came_since_the_start_is_served(folder, rf):
    node = StaticFiles(lambda request: HttpResponse("portal"))
    assert ask(node, rf, "portal.2.css") == b"portal"
    (folder / "portal.2.css").write_text("body { color: red }")
    assert ask(node, rf, "portal.1.css") == b"body {}"
    assert ask(node, rf, "portal.2.css") == b"body { color: red }"


@pytest.mark.parametrize(
    "name", ["", "../secret", "%2e%2e/secret", "/secret", "nothing.css", "a\\b"]
)
def test_nothing_else_is(folder, rf, name):
    def portal(request):
        raise Http404

    with pytest.raises(Http404):
        ask(StaticFiles(portal), rf, name)
