"""Everything that can happen to an activity.

Locks are taken in one order: recipients, cases (the activity, then the order that waits for it),
loans, balances (by warehouse and article), individuals (by number), case number.
"""

from recipients.case_details import Protected
from recipients.personal_data import TextNeedsCheck

from .changing import cancel, change, undo_contact, why_not_cancel
from .common import NotOurs, is_units_own, lock_activity, may_report, open_on
from .done_with_it import Done, may_be_done
from .planning import PLAN, hand_back, plan, take, technicians
from .received import repair_received
from .registering import (
    Registration,
    register,
    supplier_of,
    waits_for_it,
    why_not_of_piece,
)
from .reporting import Used, report, why_not_report

__all__ = [
    "PLAN",
    "Done",
    "NotOurs",
    "Protected",
    "Registration",
    "TextNeedsCheck",
    "Used",
    "cancel",
    "change",
    "hand_back",
    "is_units_own",
    "lock_activity",
    "may_be_done",
    "may_report",
    "open_on",
    "plan",
    "register",
    "repair_received",
    "report",
    "supplier_of",
    "take",
    "technicians",
    "undo_contact",
    "waits_for_it",
    "why_not_cancel",
    "why_not_of_piece",
    "why_not_report",
]
