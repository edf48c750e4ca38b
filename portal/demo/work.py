"""Some months of activities, in every status, by the services; and the blank of a special
adaptation."""

import datetime as dt
import random
import uuid
from typing import Any

from django.core.files.base import ContentFile
from django.db.models import F
from django.utils import timezone

from activities import presets, services
from activities.models import Activity, ActivityEvent, ActivityType, Priority, WorkReport
from activities.services import Registration, Used
from articles.models import Article, Balance
from individuals.models import Individual
from orders.models import Order
from organisation.models import Message, Unit, User
from recipients import dialog_files
from recipients.held import returnable
from recipients.models import Loan, Recipient
from sesam.working_days import add_working_days

from . import people
from .files import FOLDER
from .organisation import Places

DONE = 22  # closed ones, over so many DAYS
DAYS = 120
CHAIR, ELECTRIC, BED = "1222", "1223", "1812"  # ISO 9999
WANTED = (
    ("Anpassning", "Sittdjupet behöver minskas ungefär 3 cm och fotstöden höjas.", CHAIR),
    ("Avhjälpande underhåll/Reparation", "Höger broms tar inte. Hjulet kärvar när hon svänger.",
     CHAIR),
    ("Avhjälpande underhåll/Reparation", "Laddaren lyser rött och stolen går bara en kort stund.",
     ELECTRIC),
    ("Beställning av reservdel", "Ny armstödsplatta, vänster sida.", CHAIR),
    ("Flytt av säng", "Sängen ska till sovrummet på nedre botten.", BED),
    ("Konsulentärende", "Utprovning av tyngdtäcke tillsammans med konsulent.", BED),
    ("Hämtning elrullstol", "Stolen hämtas för service. Ring en timme före.", ELECTRIC),
)  # fmt: skip
ANSWERS = ("Justerat och provat hemma.", "Bytte del. Fungerar som den ska.", "Rengjort och smort.")


def load(chance: random.Random, places: Places, recipients: dict[str, Recipient]) -> int:
    """How many activities there are."""
    user, khs = places.users["forskrivare"], places.users["khs"]
    held = Held(_loans(chance, user))
    parts = _parts(places)
    for turn in range(DONE):
        activity = _of(held, user, WANTED[turn % len(WANTED)])
        _work(activity, khs, chance, parts if turn % 3 == 0 else [], close=True)
        _move_back(activity, days=DAYS * (turn + 1) // (DONE + 1), open_for=chance.randint(1, 12))
    for turn, (priority, age) in enumerate(
        (("Normal", 2), ("Hög", 9), ("Akut", 3), ("Normal", 16))
    ):
        late = _of(held, user, WANTED[turn], priority=priority)
        _move_back(late, days=age)
    taken = _of(held, user, WANTED[1])
    services.take(taken, user=khs)
    _work(taken, khs, chance, parts[:1], close=False)
    today = timezone.localdate()
    for time, day in (("08–10", today), ("10–12", today), ("13–15", today + dt.timedelta(2))):
        planned = _of(held, user, WANTED[chance.randrange(2)])
        services.plan(
            planned, user=khs, day=day, time=time, technician=khs, bring="Insexnycklar, vajrar"
        )
    services.cancel(_of(held, user, WANTED[0]), user=user)
    own = Held(_own_of(recipients[people.MANY_AIDS]))
    _of(own, user, WANTED[0], comment="Ring dottern först.")
    _of_a_protected_person(recipients[people.PROTECTED], user)
    _hoist(user)
    _special(held, user)
    _in_store(places)
    _order_waits(user)
    Message.objects.filter(user=user, sent_at__lt=timezone.now() - dt.timedelta(45)).update(
        read_at=F("sent_at")
    )
    return Activity.objects.count()


def _loans(chance: random.Random, user: User) -> list[Loan]:
    found = list(
        returnable()
        .filter(unit__in=user.units.all(), recipient__is_protected=False)
        .exclude(recipient__number__in=[people.KNOWN, people.MANY_AIDS])
        .exclude(article__iso_code__startswith="1236")
        .filter(pickup_lines=None, recipient__deceased_on=None)
        .select_related("recipient", "article", "individual")
        .order_by("case_number", "pk")
    )
    chance.shuffle(found)
    return found


def _own_of(recipient: Recipient) -> list[Loan]:
    found = returnable().filter(recipient=recipient, pickup_lines=None)
    return list(found.select_related("recipient", "article").order_by("pk"))


class Held:
    """Loans, each of which is given once: of the kind that is asked for while there are any."""

    def __init__(self, loans: list[Loan]) -> None:
        self.loans = loans

    def one(self, iso_code: str) -> Loan:
        of_kind = (x for x in self.loans if x.article.iso_code.startswith(iso_code))
        loan = next(of_kind, None) or self.loans[0]
        self.loans.remove(loan)
        return loan


def _unit(user: User) -> Unit:
    if user.default_unit is None:
        raise LookupError("the demo's prescribers have a unit")
    return user.default_unit


def _of(
    held: Held, user: User, wanted: tuple[str, str, str], *, priority: str = "Normal", **facts: Any
) -> Activity:
    name, request, iso_code = wanted
    loan = held.one(iso_code)
    return _register(
        user, name, request, priority=priority, recipient=loan.recipient, loans=[loan.pk], **facts
    )


def _register(
    user: User,
    name: str,
    request: str,
    *,
    priority: str = "Normal",
    recipient: Recipient | None = None,
    comment: str = "",
    address: dict[str, str] | None = None,
    **facts: Any,
) -> Activity:
    kind, unit = ActivityType.objects.get(name=name), _unit(user)
    whose = presets.address_of(kind, recipient)
    details = {
        **presets.contact(recipient, unit=unit, user=user),
        **(address or presets.address(whose, recipient=recipient, unit=unit)),
        "address_of": whose,
        "request": request,
        "comment": comment,
    }
    wanted = Registration(
        type=kind,
        priority=Priority.objects.get(name=priority),
        unit=unit,
        details=details,
        instruction=kind.instruction,
        recipient=recipient,
        text_confirmed=True,
        **facts,
    )
    return services.register(wanted, user=user, token=uuid.uuid4())


def _parts(places: Places) -> list[Article]:
    """Counted things that KHS has plenty of."""
    found = Balance.objects.filter(
        warehouse=places.central["100"],
        article__is_marked=False,
        article__type__in=["accessory", "spare_part"],
        on_hand__gte=6,
    )
    rich = found.select_related("article").order_by("article__number")[:4]
    return [balance.article for balance in rich]


def _work(
    activity: Activity, user: User, chance: random.Random, parts: list[Article], *, close: bool
) -> None:
    central = activity.warehouse.is_central
    used = [Used(chance.choice(parts), 1)] if parts and central else []
    services.report(
        activity,
        user=user,
        token=uuid.uuid4(),
        text=chance.choice(ANSWERS),
        minutes=chance.choice([20, 30, 45, 60, 90]),
        material=used,
        close=close,
    )


def _move_back(activity: Activity, *, days: int, open_for: int | None = None) -> None:
    """As if it had been registered so many days ago, and closed when it had been open for some."""
    activity.refresh_from_db()
    made = timezone.now() - dt.timedelta(days=days)
    activity.created_at = made
    activity.due_on = add_working_days(timezone.localdate(made), activity.priority.days)
    events = list(ActivityEvent.objects.filter(activity=activity).order_by("pk"))
    for event in events:
        event.at = made
    if activity.closed_at and open_for is not None:
        closed = made + dt.timedelta(days=min(open_for, days))
        activity.closed_at = closed
        events[-1].at = closed
        WorkReport.objects.filter(activity=activity).update(at=closed)
        Message.objects.filter(case_number=activity.case_number).update(sent_at=closed)
    activity.save(update_fields=["created_at", "due_on", "closed_at"])
    ActivityEvent.objects.bulk_update(events, ["at"])


def _of_a_protected_person(recipient: Recipient, user: User) -> None:
    home = {"street": "Tillfälligt boende", "postcode": "39230", "locality": "Kalmar"}
    _register(
        user, "Konsulentärende", "Utprovning av arbetsstol.", recipient=recipient, address=home
    )


def _hoist(user: User) -> None:
    """The supplier moves a ceiling hoist, if somebody has one."""
    hoist = returnable().filter(
        article__iso_code__startswith="123612",
        recipient__is_protected=False,
        pickup_lines=None,
        unit__in=user.units.all(),
    )
    if held := list(hoist.select_related("recipient", "article")[:1]):
        wanted = ("Flytt av taklyft", "Flyttas till nytt sovrum.", "")
        _of(Held(held), user, wanted, priority="Akut")


def _special(held: Held, user: User) -> None:
    """A special adaptation with its document, filled in; and the blank of its type."""
    kind = ActivityType.objects.exclude(attachment_name="").get()
    blank = (FOLDER / "anvisning-specialanpassning.pdf").read_bytes()
    kind.blank.save("anvisning.pdf", ContentFile(blank))
    upload: Any = ContentFile(blank, name="anvisning-ifylld.pdf")
    file = dialog_files.attach("demo", upload, user=user, document=kind.attachment_name)
    wanted = (kind.name, "Sittdyna i specialskum efter gipsavtryck.", CHAIR)
    _of(held, user, wanted, files=[file])


def _in_store(places: Places) -> None:
    """The own store repairs two pieces: one is done, one waits."""
    user = places.users["buffertansvarig"]
    pieces = Individual.objects.filter(
        warehouse=places.stores["0880"], status=Individual.Status.IN_STOCK, blocks=None
    ).order_by("number")[:2]
    for turn, piece in enumerate(pieces):
        activity = _register(user, "Buffertreparation", "Byt bromsvajer.", piece=piece)
        if turn == 0:
            services.report(
                activity, user=user, token=uuid.uuid4(), text="Bytt.", minutes=25, close=True
            )


def _order_waits(user: User) -> None:
    """An order that waits until its aid is adjusted."""
    mine = Order.objects.undelivered().filter(unit=user.default_unit, recipient__isnull=False)
    for order in mine.filter(recipient__is_protected=False).order_by("case_number"):
        if services.waits_for_it(order) and order.recipient:
            _register(
                user, "Anpassning", "Sänk sitsen 2 cm före leverans.", recipient=order.recipient,
                order=order,
            )  # fmt: skip
            return
