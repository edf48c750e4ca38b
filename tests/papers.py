"""Reading PDFs as their readers do: by text extraction, by qpdf, by an accessibility checker.

paper = Paper(client.get(url))
assert "Rullstol" in paper.text
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pytest
from django.http import HttpResponse
from pypdf import PdfReader

QPDF = shutil.which("qpdf")
# WeasyPrint leaves running heads and feet out of the tag tree, as it should; the checker would
# have them marked as artifacts too, which PDF/UA-1 files of WeasyPrint have no way to do.
# Nor has it a way to mark links (an address of mail) as printed, which a PDF/A reader would want.
TOLERATED = {"PAG-001", "LNK-004"}


def _weasyprint() -> str:
    try:
        import weasyprint  # noqa: F401
    except OSError as missing:
        return str(missing).splitlines()[0]
    return ""


NO_PDF = _weasyprint()
needs_pdf = pytest.mark.skipif(bool(NO_PDF), reason=f"no Pango, so no PDF: {NO_PDF}")


@pytest.fixture
def papers_not_drawn(monkeypatch):
    """For a walk over many addresses: a paper is gathered, written and answered, but not drawn,
    which takes as long as ten pages."""
    from sesam import documents

    monkeypatch.setattr(documents, "render", lambda html, **look: b"%PDF-1.7 not drawn")


@dataclass
class Paper:
    """A PDF that was answered with."""

    response: HttpResponse
    content: bytes = field(init=False, repr=False)
    reader: PdfReader = field(init=False, repr=False)

    def __post_init__(self) -> None:
        assert self.response.status_code == 200, self.response.status_code
        assert self.response["Content-Type"] == "application/pdf"
        self.content = self.response.content
        self.reader = PdfReader(BytesIO(self.content))

    @property
    def pages(self) -> list[str]:
        return [_spaces(page.extract_text()) for page in self.reader.pages]

    @property
    def text(self) -> str:
        """All the text, as one line."""
        return " ".join(self.pages)

    @property
    def everything(self) -> str:
        """All that anybody could read out of the file: text, metadata, names of attachments,
        the answer's headers."""
        info = " ".join(str(value) for value in (self.reader.metadata or {}).values())
        xmp = self.reader.xmp_metadata
        raw = xmp.stream.get_data().decode() if xmp else ""
        files = " ".join(self.reader.attachments)
        return " ".join([self.text, info, raw, files, str(self.response.headers)])

    @property
    def title(self) -> str:
        return self.reader.metadata.title

    @property
    def language(self) -> str:
        return str(self.reader.trailer["/Root"]["/Lang"])

    @property
    def file_name(self) -> str:
        return re.search(r'filename="([^"]+)"', self.response["Content-Disposition"]).group(1)


def _spaces(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\u00a0", " ")).strip()


def check_syntax(content: bytes, folder: Path) -> None:
    """``qpdf --check`` finds nothing."""
    if QPDF is None:
        pytest.skip("no qpdf (apt-get install qpdf)")
    file = folder / "paper.pdf"
    file.write_bytes(content)
    done = subprocess.run([QPDF, "--check", str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def check_accessibility(content: bytes, folder: Path) -> None:
    """PDF/UA-1, and what a screen reader is helped by."""
    outloud = pytest.importorskip("outloud", reason="no outloud (pip install outloud)")
    file = folder / "paper.pdf"
    file.write_bytes(content)
    result = outloud.check(str(file))
    assert result.error is None, result.error
    found = [finding for finding in result.findings if finding.rule not in TOLERATED]
    assert not found, found
