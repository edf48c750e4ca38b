"""The course of a project (a ceiling hoist with its supplier): its stages and their order.

Which course an order line follows is said by its article (``Article.project``) when it is sent.
"""

from django.db import models

from articles.models import Project
from sesam.status_looks import show_as


class Stage(models.TextChoices):
    RECEIVED = "received", "Mottagen av KHS"
    AT_SUPPLIER = "at_supplier", "Skickad till leverantör"
    OFFER_RECEIVED = "offer", "Offert mottagen"
    WAITING = "waiting", "Väntar på förskrivarens godkännande"
    APPROVED = "approved", "Godkänd"
    REFUSED = "refused", "Ej godkänd"
    PURCHASED = "purchased", "Inköp gjort"
    INSTALLED = "installed", "Monterad"
    DELIVERED = "delivered", "Utlevererad"


show_as(
    {
        Stage.RECEIVED: ("inbox", "blue"),
        Stage.AT_SUPPLIER: ("arrow-right", "blue"),
        Stage.OFFER_RECEIVED: ("file-text", "blue"),
        Stage.WAITING: ("file-text", "amber"),
        Stage.APPROVED: ("circle-check", "green"),
        Stage.REFUSED: ("circle-x", "red"),
        Stage.PURCHASED: ("shopping-cart", "blue"),
        Stage.INSTALLED: ("wrench", "green"),
    }
)

# The steps that a page shows. A step with two stages has two ways to end.
_WITHOUT_OFFER: list[tuple[Stage, ...]] = [
    (Stage.RECEIVED,),
    (Stage.AT_SUPPLIER,),
    (Stage.PURCHASED,),
    (Stage.INSTALLED,),
    (Stage.DELIVERED,),
]
COURSES: dict[str, list[tuple[Stage, ...]]] = {
    Project.WITH_OFFER: [
        *_WITHOUT_OFFER[:2],
        (Stage.OFFER_RECEIVED,),
        (Stage.WAITING,),
        (Stage.APPROVED, Stage.REFUSED),
        *_WITHOUT_OFFER[2:],
    ],
    Project.WITHOUT_OFFER: _WITHOUT_OFFER,
}

# Which stage may follow which. Only orders.services moves a project.
#
# An offer that is refused, or that KHS sees is wrong before the prescriber is asked, goes back to
# the supplier for a new one. (Or the order is cancelled: nothing is bought before the approval.)
_NEXT_WITH_OFFER: dict[Stage, tuple[Stage, ...]] = {
    Stage.RECEIVED: (Stage.AT_SUPPLIER,),
    Stage.AT_SUPPLIER: (Stage.OFFER_RECEIVED,),
    Stage.OFFER_RECEIVED: (Stage.WAITING, Stage.AT_SUPPLIER),
    Stage.WAITING: (Stage.APPROVED, Stage.REFUSED),
    Stage.APPROVED: (Stage.PURCHASED,),
    Stage.REFUSED: (Stage.AT_SUPPLIER,),
    Stage.PURCHASED: (Stage.INSTALLED,),
    Stage.INSTALLED: (Stage.DELIVERED,),
    Stage.DELIVERED: (),
}
NEXT_STAGE: dict[str, dict[Stage, tuple[Stage, ...]]] = {
    Project.WITH_OFFER: _NEXT_WITH_OFFER,
    Project.WITHOUT_OFFER: {
        **{stage: _NEXT_WITH_OFFER[stage] for (stage,) in _WITHOUT_OFFER},
        Stage.AT_SUPPLIER: (Stage.PURCHASED,),
    },
}

ANSWERS = (Stage.APPROVED, Stage.REFUSED)  # the prescriber's, in the portal
BOUGHT = (Stage.PURCHASED, Stage.INSTALLED, Stage.DELIVERED)  # KHS has bound itself
# Where KHS has the next step, before the delivery.
FOR_KHS = tuple(s for s in Stage if s not in (Stage.WAITING, Stage.INSTALLED, Stage.DELIVERED))


def may_follow(course: str, stage: str) -> tuple[Stage, ...]:
    """What may come after ``stage`` on that course."""
    return NEXT_STAGE[course].get(Stage(stage), ())


def for_khs(course: str, stage: str) -> list[Stage]:
    """Where KHS may move it by hand: the answer is the prescriber's, the end the delivery's."""
    return [s for s in may_follow(course, stage) if s not in (*ANSWERS, Stage.DELIVERED)]
