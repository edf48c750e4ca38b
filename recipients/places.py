"""What recipients add to the bar, the start page and their own page."""

from django.http import HttpRequest

from articles.slots import ArticleUse, article_uses
from articles.uses import counted
from individuals import stock_check
from organisation import changes, desk, queues
from organisation.models import MessageKind
from organisation.permissions import CARE, has_role
from organisation.slots import (
    LookGate,
    MessagePage,
    look_gates,
    message_pages,
    my_now,
    my_tabs,
    my_todo,
)
from sesam.places import CreateItem, MenuItem, NowEntry, Page, PageOf, StartBox, Tab, TodoSource
from sesam.slots import menu, start_boxes

from . import follow_up_views as follow_ups
from . import history, loans, masking, seen, why
from .follow_ups import without_anybody
from .mine import tab_address
from .models import FollowUp, Loan, Recipient
from .slots import (
    FollowUpAnswer,
    HistorySource,
    LoanTags,
    follow_up_answers,
    loan_tags,
    recipient_create,
    recipient_history,
    recipient_now,
    recipient_tabs,
)


def _may(request: HttpRequest, obj: object = None) -> bool:
    return has_role(request.user, *CARE)


menu.add(
    MenuItem(
        name="recipients",
        label="Mottagare",
        url=Page("recipients:search"),
        order=20,
        shown=_may,
    )
)
desk.entry(
    "recipients",
    "Mottagarregistret",
    "admin:recipients_recipient_changelist",
    order=525,
    parent=desk.REGISTERS,
)
changes.hide(Recipient, lambda person: masking.WHEREABOUTS if person.is_protected else ())
article_uses.add(
    ArticleUse(
        name="loans",
        label="Hos mottagare",
        order=20,
        count=lambda article: counted(Loan.objects.filter(article=article, ended_at=None)),
    )
)
look_gates.add(LookGate(name="why", wants_reason=why.is_wanted))
start_boxes.add(
    StartBox(
        name="seen",
        order=20,
        shown=_may,
        template="recipients/_seen.html",
        build=seen.box,
    )
)
for _order, _name, _label, _kind in (
    (10, "hjalpmedel", "Hjälpmedel", loans.HELD),
    (30, "aterlamnat", "Återlämnat", loans.RETURNED),
    (50, "forbrukning", "Förbrukningsartiklar", loans.CONSUMABLES),
):
    recipient_tabs.add(
        Tab(
            name=_name,
            label=_label,
            url=PageOf("recipients:detail", f"?flik={_name}"),
            order=_order,
            count=_kind.count,
            build=_kind.build,
        )
    )
recipient_tabs.add(
    Tab(
        name="historik",
        label="Historik",
        url=PageOf("recipients:detail", "?flik=historik"),
        order=90,
        build=history.build,
    )
)
recipient_now.add(
    NowEntry(
        name="held",
        url=PageOf("recipients:detail", "?flik=hjalpmedel"),
        order=10,
        build=loans.now,
    )
)
recipient_create.add(
    CreateItem(
        name="information",
        label="Mottagarinformation",
        url=PageOf("recipients:information"),
        order=50,
        shown=_may,
        dialog=True,
    )
)

# --- follow-up ---

follow_up_answers.add(FollowUpAnswer(name=FollowUp.Answer.USED, order=10, icon="circle-check"))
loan_tags.add(LoanTags(name="follow_up", order=10, tags=follow_ups.tags))
recipient_now.add(
    NowEntry(
        name="follow_ups",
        url=PageOf("recipients:detail", "?flik=hjalpmedel"),
        order=50,
        build=follow_ups.on_recipient,
    )
)
recipient_history.add(
    HistorySource(
        name="follow_ups",
        kind="uppfoljningar",
        label="Uppföljningar",
        icon="clock",
        order=30,
        newest=follow_ups.answers,
    )
)
my_tabs.add(
    Tab(
        name=follow_ups.TAB,
        label="Att följa upp",
        url=tab_address(follow_ups.TAB),
        order=50,
        shown=_may,
        count=follow_ups.count,
        build=follow_ups.build,
    )
)
my_now.add(
    NowEntry(
        name="follow_ups",
        order=60,
        shown=_may,
        url=tab_address(follow_ups.TAB),
        build=follow_ups.now,
    )
)
message_pages.add(
    MessagePage(
        name=MessageKind.FOLLOW_UP,
        label="Gå till det som ska följas upp",
        url=Page("my_page", f"?flik={follow_ups.TAB}"),
        shown=_may,
    )
)
my_todo.add(TodoSource(name="follow_ups", order=50, shown=_may, build=follow_ups.todo))
queues.on_home(
    "admin:recipients_loan_changelist",
    [("Uppföljningar utan förskrivare", "calendar", "", without_anybody)],
    since="follow_up_on",
    order=350,
)

# --- what ``check_stock`` proves of parts that are held ---

stock_check.must_agree(
    "quantity of the component of loan",
    """
    SELECT loan.id, part.quantity, loan.quantity - loan.returned - loan.lost
    FROM recipients_loan loan
    JOIN individuals_component part ON part.id = loan.component_id AND part.removed_at IS NULL
    WHERE loan.ended_at IS NULL
        AND part.quantity <> loan.quantity - loan.returned - loan.lost
    """,
)
stock_check.must_agree(
    "article of the component of loan",
    """
    SELECT loan.id, part.article_id, loan.article_id FROM recipients_loan loan
    JOIN individuals_component part ON part.id = loan.component_id
    WHERE part.article_id <> loan.article_id
    """,
)
stock_check.must_agree(
    "recipient of the piece that bears loan",
    """
    SELECT loan.id, aid.recipient_id, loan.recipient_id FROM recipients_loan loan
    JOIN individuals_component part ON part.id = loan.component_id AND part.removed_at IS NULL
    LEFT JOIN recipients_loan aid
        ON aid.individual_id = part.individual_id AND aid.ended_at IS NULL
    WHERE loan.ended_at IS NULL AND aid.recipient_id IS DISTINCT FROM loan.recipient_id
    """,
)
