"""``python -m tests.benchmarks.documents``: our PDF of 80 aids beside the same table by WeasyPrint.

Both are made warm, in one process, from rows at hand: the same cells, tagged, in the same font.
Ours has the head, the heads of later pages, the fixed columns; the bare one is what one would
write first. The whole way from the database to the answer is measured beside them.
"""

import os
import statistics
import time
from collections.abc import Callable

AIDS, COUNTED = 80, 7


def main() -> None:
    os.environ |= {"DB_NAME": "benchmark_papers", "DB_AS_OWNER": "1"}
    os.environ |= {"DEMO": "1", "DEBUG": "0", "HTTPS": "0"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sesam.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import transaction

    call_command("migrate", verbosity=0)
    with transaction.atomic():
        measure()
        transaction.set_rollback(True)


def measure() -> None:
    from django.test import Client, RequestFactory

    from recipients import documents as lists
    from sesam import documents
    from tests.factories import IndividualFactory, LoanFactory, UserFactory, known_to

    user = UserFactory()
    recipient = known_to(user.default_unit)
    for number in range(AIDS):
        piece = IndividualFactory(article__name=f"Stemmeforsterker VOX UNO til mikrofon {number}")
        loan = LoanFactory(recipient=recipient, article=piece.article, individual=piece)
        LoanFactory(recipient=recipient, article__name=f"Armlene lang {number}", part_of=loan)
    request = RequestFactory().get("/")
    request.user = user
    client = Client(headers={"host": "localhost"})
    client.force_login(user, backend="organisation.backends.PortalBackend")
    held = lists._held(recipient)

    def ours() -> bytes:
        return documents.pdf(
            lists.TEMPLATE,
            {"recipient": recipient, "sections": [held]},
            title="Hjälpmedelslista",
            request_user=user,
        )

    def whole() -> bytes:
        answer = client.get(f"/mottagare/{recipient.key}/hjalpmedelslista/")
        assert answer.status_code == 200, answer.status_code
        return answer.content

    def bare() -> bytes:
        return _bare([[column.label for column in held.columns], *held.rows])

    print(f"PDF of {AIDS} aids with a component each, median of {COUNTED}, seconds")
    alone = _line("WeasyPrint alone", bare)
    _line("sesam.documents.pdf", ours, alone)
    _line("GET hjalpmedelslista/", whole, alone)


def _bare(table: list[list]) -> bytes:
    from weasyprint import HTML

    from sesam.documents import STATIC

    font = STATIC / "vendor/source-sans-3/source-sans-3-latin-wght-normal.woff2"
    head, *rows = ("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in table)
    return HTML(
        string=f"""<html lang="sv"><title>Hjälpmedelslista</title><style>
        @font-face {{ font-family: S; src: url("file://{font}") }}
        @page {{ size: A4; margin: 15mm; @bottom-right {{ content: counter(page) }} }}
        body {{ font: 10.5pt S }} table {{ width: 100%; border-collapse: collapse }}
        td {{ border-bottom: 1px solid; padding: 1mm }} tr {{ break-inside: avoid }}
        </style><table><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table></html>"""
    ).write_pdf(pdf_variant="pdf/ua-1")


def _line(name: str, make: Callable[[], bytes], alone: float = 0) -> float:
    size = len(make())  # warm
    times = []
    for _ in range(COUNTED):
        start = time.perf_counter()
        make()
        times.append(time.perf_counter() - start)
    median = statistics.median(times)
    beside = f"  {median / alone:4.2f}×" if alone else ""
    print(f"  {name:24} {median:6.2f} s  {size / 1024:5.0f} kB{beside}", flush=True)
    return median


if __name__ == "__main__":
    main()
