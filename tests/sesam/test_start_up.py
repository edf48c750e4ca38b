"""What every process of the portal reads in before it can answer: no more than it needs."""

import ast
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
#: Slow to read in, and needed by few: sheets, papers, the calendar and a store of files elsewhere.
LATER = {
    "boto3", "botocore", "fontTools", "holidays", "numpy", "openpyxl", "storages", "weasyprint",
}  # fmt: skip
START = """
import sys
import django
django.setup()
import sesam.urls
print(sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_what_few_processes_need_is_not_read_in_by_all() -> None:
    done = subprocess.run(
        [sys.executable, "-c", START],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "sesam.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    modules = set(ast.literal_eval(done.stdout))
    assert {"django", "orders", "procrastinate"} <= modules, "that wasn't a start"
    assert not modules & LATER
