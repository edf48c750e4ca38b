"""Everything that can happen to an order: send, cancel, pick, deliver, hold, release; a project
moves on, and KHS puts the real article on.

Locks are taken in one order: recipient, cart or order, balances (by warehouse and article),
individuals (by number), case number.
"""

from .changing import (
    add_note,
    cancel,
    hold,
    release,
    reserved_by_place,
    start_picking,
    stop_picking,
    type_address,
    type_text,
    why_not_cancel,
)
from .common import status_of
from .delivering import Overtaken, Pick, deliver, delivered_so_far, was_this_delivered
from .projects import answer_offer, may_answer, move_on
from .putting import put_article, take_off
from .sending import send
from .yielding import Promised, room_for, tell_who_picks

__all__ = [
    "Overtaken",
    "Pick",
    "Promised",
    "add_note",
    "answer_offer",
    "cancel",
    "deliver",
    "delivered_so_far",
    "hold",
    "may_answer",
    "move_on",
    "put_article",
    "release",
    "reserved_by_place",
    "room_for",
    "send",
    "start_picking",
    "status_of",
    "stop_picking",
    "take_off",
    "tell_who_picks",
    "type_address",
    "type_text",
    "was_this_delivered",
    "why_not_cancel",
]
