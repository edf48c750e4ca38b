"""What invoicing adds to the bars, and to the back office's home."""

from django.urls import reverse

from orders.slots import order_create
from organisation import desk, queues
from organisation.permissions import CONTROLLER, FORSKRIVARE, has_role
from pickups.slots import pickup_create
from sesam.places import CreateItem, MenuItem, Page
from sesam.slots import menu

from .admin import open_questions
from .sources import losses

# Under «Register»: the bar has no room for one more beside the queues (tests/browser/test_bar.py).
for _name, _label, _url, _order in (
    ("invoices", "Fakturaspecifikationer", "invoicing:report", 566),
    ("figures", "Siffror", "invoicing:figures", 565),
    ("questions", "Ifrågasatta rader", "admin:invoicing_question_changelist", 567),
    ("doubts", "Lån att ifrågasätta", "admin:invoicing_doubtfulloan_changelist", 567),
    ("losses", "Saknat och skrotat", "admin:invoicing_lossverdict_changelist", 568),
    ("months", "Månadskörning", "admin:invoicing_monthrun_changelist", 569),
    ("terms", "Debiteringsvillkor", "admin:invoicing_terms_changelist", 570),
    ("shares", "Andelstabeller", "admin:invoicing_sharetable_changelist", 571),
    ("fees", "Framkörningsavgifter", "admin:invoicing_calloutfee_changelist", 572),
):
    desk.entry(f"invoicing.{_name}", _label, _url, order=_order, parent=desk.REGISTERS)
for _cases in (pickup_create, order_create):
    _cases.add(
        CreateItem(
            name="loss",
            label="Debitera saknat eller skrotat",
            icon="file-text",
            order=300,
            url=lambda request, case: (
                f"{reverse('admin:invoicing_lossverdict_changelist')}?arende={case.case_number}"
            ),
            shown=lambda request, case: desk.at_khs(request) and losses.waits(case.case_number),
        )
    )
menu.add(
    MenuItem(
        name="invoices",
        label="Fakturaspecifikationer",
        url=Page("invoicing:report"),
        order=20,
        shown=lambda request, obj: has_role(request.user, CONTROLLER) and not desk.at_khs(request),
    ),
    MenuItem(
        name="figures",
        label="Siffror",
        url=Page("invoicing:figures"),
        order=21,
        shown=lambda request, obj: has_role(request.user, CONTROLLER) and not desk.at_khs(request),
    ),
    MenuItem(
        name="own_figures",
        label="Siffror",
        url=Page("invoicing:figures"),
        order=635,
        parent="more",
        shown=lambda request, obj: (
            has_role(request.user, FORSKRIVARE)
            and not has_role(request.user, CONTROLLER)
            and not desk.at_khs(request)
        ),
    ),
)
queues.on_home(
    "admin:invoicing_question_changelist",
    [("Ifrågasatta fakturarader", "message-square", "", open_questions)],
    since="asked_at",
    order=400,
)
