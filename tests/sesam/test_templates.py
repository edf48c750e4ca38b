"""What holds for all templates."""

from pathlib import Path

import pytest

from tests.factories import RecipientFactory, UserFactory

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def test_a_template_s_remark_of_several_lines_is_a_comment():
    """Django draws ``{#`` as text where ``#}`` stands on another line."""
    drawn = [
        f"{path.relative_to(TEMPLATES)}: {line}"
        for path in sorted(TEMPLATES.rglob("*.html"))
        for line in path.read_text().splitlines()
        if line.count("{#") != line.count("#}")
    ]
    assert drawn == []


@pytest.mark.django_db
def test_the_recipient_s_page_shows_no_remark_of_its_templates(client):
    client.force_login(UserFactory())
    page = client.get(f"/mottagare/{RecipientFactory().key}/").content.decode()
    assert "Registrera/skapa" in page
    assert "{#" not in page
