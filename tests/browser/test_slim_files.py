"""What production serves of our sheets and scripts says to a browser what their sources say."""

from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page

from sesam.static_files import slim_script, slim_sheet

STATIC = Path(settings.BASE_DIR) / "static"
RULES = """text => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return [...sheet.cssRules].map(rule => rule.cssText.replace(/,\\s+/g, ","));
}"""


@pytest.mark.parametrize("sheet", sorted(STATIC.glob("*.css")), ids=lambda file: file.name)
def test_a_slim_sheet_has_the_rules_of_its_source(page: Page, sheet: Path):
    text = sheet.read_text()
    rules = page.evaluate(RULES, text)
    assert rules and page.evaluate(RULES, slim_sheet(text)) == rules


@pytest.mark.parametrize("script", sorted(STATIC.glob("*.js")), ids=lambda file: file.name)
def test_a_slim_script_can_be_read(page: Page, script: Path):
    """As a module, which the strictest of them are; it is parsed, and fetches nothing."""
    text = "throw 'read';\n" + slim_script(script.read_text())
    said = page.evaluate(
        "text => import(URL.createObjectURL(new Blob([text], {type: 'text/javascript'})))"
        ".catch(fault => String(fault))",
        text,
    )
    assert said == "read"
