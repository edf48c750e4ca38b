"""Deviations and complaints of the last months, in every status, by the services; then put back in
time."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from deviations import services
from deviations.models import Deviation, DeviationCategory, DeviationEvent, ReportedTo
from deviations.services import Report, Wish
from deviations.services.registering import due
from individuals import services as individuals
from individuals.models import Individual
from organisation.models import Message
from recipients.cases import last_event
from recipients.held import returnable
from recipients.models import Loan, Recipient

from . import people
from .organisation import Places

CHAIR, ELECTRIC, BED, HOIST = "1222", "1223", "1812", "1236"  # ISO 9999
ADVERSE, NEAR_MISS, COMPLAINT = "adverse", "near_miss", "complaint"


@dataclass(frozen=True)
class Story:
    """What happened so many days ago, and how far KHS has come: «registered», «received»,
    «investigating», «closed» or «withdrawn». ``iso_code`` is of what it happened with."""

    days: int
    event: str
    category: str
    told: str
    status: str
    at_once: str = ""
    place: str = ""
    consequence: str = "none"
    iso_code: str = CHAIR
    found: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)


def _told_everybody(day: dt.date) -> list[Report]:
    return [
        Report(ReportedTo.SUPPLIER, day),
        Report(ReportedTo.MANUFACTURER, day, "MF-2026-114"),
        Report(ReportedTo.AUTHORITY, day, "LV-2026-0871"),
        Report(ReportedTo.INSPECTORATE, reason_not="Chefläkaren bedömer att den inte ska anmälas"),
    ]


STORIES = (
    Story(0, NEAR_MISS, "Broms eller lås",
          "Vänster broms släppte när mottagaren reste sig. Stolen rullade bakåt. Maken hann ta"
          " emot.", "registered", "Stolen ställdes undan.", "Hemma, i hallen",
          more={"is_kept": True, "kept_where": "Kalmar förråd, hylla U", "block": True}),
    Story(1, ADVERSE, "Fall", "Lyftselens band gick av i en överflyttning. Mottagaren föll till"
          " golvet och bröt handleden.", "registered", "Ambulans tillkallades.", "Hemma, i sovrummet",
          "serious", HOIST, more={"is_kept": True, "kept_where": "Hos hemsjukvården"}),
    Story(9, COMPLAINT, "Fel under användning", "Motorn stannar efter några minuter.",
          "registered", iso_code=ELECTRIC, more={
              "outcome": "replacement", "handling": "sent_in",
              "late_reason": "Felet kom först när det blev kallt"}),
    Story(6, NEAR_MISS, "El, batteri eller laddning", "Laddaren blev het och luktade bränt.",
          "received", "Sladden drogs ur.", iso_code=ELECTRIC),
    Story(20, ADVERSE, "Tryckskada", "Dynan hade fel fyllning. Rodnad som inte gick över.",
          "received", "Dynan byttes.", consequence="mild"),
    Story(15, NEAR_MISS, "Hjälpmedlet gick sönder vid användning", "Ett hjul lossnade utomhus.",
          "investigating", "Mottagaren stöttades.", "På trottoaren",
          found={"cause": "Muttern var inte åtdragen efter servicen."}),
    Story(70, ADVERSE, "Klämning eller skärning", "Fingret klämdes i sänggrinden.",
          "investigating", "Såret tvättades.", "Hemma", "moderate", BED,
          found={"cause": "Grinden saknar ändstopp.", "measure": "Nytt ändstopp är beställt."}),
    Story(40, COMPLAINT, "Fel antal eller delar saknas", "Fotstöden saknades i leveransen.",
          "closed", found={"answer": "Fotstöden är skickade i dag."},
          more={"outcome": "replacement", "delivery_note": "1041"}),
    Story(60, NEAR_MISS, "Bristande instruktion", "Bromsen lades i på fel sida.", "closed",
          found={"answer": "Vi har skickat en ny bruksanvisning och tar upp det på nästa träff.",
                 "cause": "Otydlig bild", "measure": "Ny bruksanvisning"}),
    Story(85, COMPLAINT, "Transportskada", "Kartongen var krossad och ryggen böjd.", "closed",
          found={"answer": "Åkeriet ersätter stolen. En ny är på väg."},
          more={"outcome": "replacement", "freight_note": "SE-55821"}),
    Story(100, ADVERSE, "Felaktig montering eller inställning",
          "Tippskyddet var inte monterat. Stolen tippade bakåt.", "closed",
          "Mottagaren undersöktes på sjukhus.", "På dagverksamheten", "serious",
          found={"cause": "Tippskyddet glömdes efter service.",
                 "measure": "Checklistan har fått en punkt om tippskydd.",
                 "answer": "Rutinen är ändrad och stolen är genomgången."}),
    Story(30, COMPLAINT, "Leveransförsening", "Sängen kom två dagar för sent.", "withdrawn",
          iso_code=BED),
)  # fmt: skip


def load(places: Places, recipients: dict[str, Recipient]) -> int:
    """How many deviations there are."""
    user = places.users["forskrivare"]
    aids = _aids(user.default_unit_id)
    many = returnable().filter(
        recipient=recipients[people.MANY_AIDS], individual__isnull=False,
        article__iso_code__startswith=CHAIR,
    )  # fmt: skip
    first = many.select_related("recipient", "article").order_by("pk").first()
    for story in STORIES:
        loan = first if story is STORIES[0] else None
        _happen(story, places, loan or _one(aids, story.iso_code))
    _of_a_piece_in_store(places)
    return Deviation.objects.count()


def _aids(unit: int | None) -> list[Loan]:
    """Marked aids that people hold; what was lent lately comes first, for whose complaints nobody
    asks why they come so late."""
    found = (
        returnable()
        .filter(unit=unit, individual__isnull=False, recipient__is_protected=False, part_of=None)
        .exclude(recipient__number__in=[people.KNOWN, people.MANY_AIDS])
        .select_related("recipient", "article")
        .order_by("-delivered_at", "pk")
    )
    return list(found)


def _one(aids: list[Loan], iso_code: str) -> Loan:
    """Of the kind, while there are any; after it none of the same person."""
    loan = next((x for x in aids if x.article.iso_code.startswith(iso_code)), None) or aids[0]
    aids[:] = [x for x in aids if x.recipient_id != loan.recipient_id]
    return loan


def _happen(story: Story, places: Places, loan: Loan) -> None:
    user, khs = places.users["forskrivare"], places.users["khs"]
    if user.default_unit is None:
        raise LookupError("the demo's prescribers have a unit")
    told = dict(story.more)
    deviation = services.register(
        user=user,
        unit=user.default_unit,
        details={
            "event_type": story.event,
            "category": DeviationCategory.objects.get(
                name=story.category, of_complaints=story.event == COMPLAINT
            ),
            "happened_on": timezone.localdate() - dt.timedelta(story.days),
            "place": story.place,
            "what_happened": story.told,
            "done_at_once": story.at_once,
            "consequence": story.consequence,
            "is_kept": False,
            "contact_name": str(user),
            "contact_phone": user.phone,
            "late_reason": "Syntes först nu" if story.event == COMPLAINT else "",
            **{name: value for name, value in told.items() if name != "block"},
        },
        token=uuid.uuid4(),
        recipient=loan.recipient,
        wishes=[Wish(loan.pk, 1)],
        block=bool(told.get("block")),
    )
    if story.status == "withdrawn":
        services.withdraw(deviation, user=user)
    if story.status in ("received", "investigating", "closed"):
        deviation = services.receive(deviation, user=khs)
    found = dict(story.found)
    if story.status == "closed" and deviation.is_grave:
        found["reports"] = _told_everybody(timezone.localdate())
        found["release_pieces"] = True
    seen = last_event(deviation)
    if story.status == "investigating":
        services.investigate(deviation, user=khs, seen=seen, **found)
    elif story.status == "closed":
        services.close(deviation, user=khs, seen=seen, **found)
    _put_back(deviation, story.days)


def _of_a_piece_in_store(places: Places) -> None:
    """A piece that the store's own staff found faulty: nobody had it."""
    user, store = places.users["buffertansvarig"], places.stores["0880"]
    piece = (
        individuals.free()
        .filter(warehouse=store, article__balances__warehouse=store)
        .order_by("number")
        .last()
    )
    if piece is None or user.default_unit is None:
        raise LookupError("the store has pieces")
    kind = DeviationCategory.objects.get(name="Brist i rengöring", of_complaints=True)
    services.register(
        user=user,
        unit=user.default_unit,
        details={
            "event_type": COMPLAINT,
            "category": kind,
            "happened_on": timezone.localdate(),
            "what_happened": "Kom tillbaka från tvätten med fläckar på klädseln.",
            "outcome": "same_back",
            "handling": "sent_in",
            "is_kept": True,
            "kept_where": str(store),
            "contact_name": str(user),
            "contact_phone": user.phone,
        },
        token=uuid.uuid4(),
        piece=Individual.objects.get(pk=piece.pk),
    )


def _put_back(deviation: Deviation, days: int) -> None:
    """It was registered so many days ago, received the next day, and closed a week later."""
    later = {"received": 1, "investigated": 3, "unblocked": 7, "closed": 7, "cancelled": 1}
    now = timezone.now()

    def moment(kind: str) -> dt.datetime:
        return min(now, now - dt.timedelta(days) + dt.timedelta(later.get(kind, 0)))

    for event in DeviationEvent.objects.filter(deviation=deviation):
        DeviationEvent.objects.filter(pk=event.pk).update(at=moment(event.kind))
    deviation.refresh_from_db()
    deviation.created_at = moment("created")
    if deviation.received_at:
        deviation.received_at = moment("received")
    if deviation.closed_at:
        deviation.closed_at = moment("cancelled" if deviation.is_withdrawn else "closed")
        Message.objects.filter(case_number=deviation.case_number).update(
            sent_at=deviation.closed_at
        )
        deviation.reports.exclude(reported_on=None).update(
            reported_on=timezone.localdate(deviation.closed_at)
        )
    else:
        deviation.due_on = due(deviation)
    deviation.save(update_fields=["created_at", "received_at", "closed_at", "due_on"])
