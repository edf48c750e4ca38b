"""Where apps add themselves to the frame of every page, and to the start page."""

from .places import GoesFirst, Link, LinkSlot, MenuSlot, PartSlot, Slot, StartBox, Strip

menu = MenuSlot("menu")
strip = LinkSlot[Strip]("strip")
start_boxes = PartSlot[StartBox]("start_boxes")
#: Where the question mark of every page leads.
page_help = LinkSlot[Link[None]]("page_help")
#: Pages that come before the one that somebody was going to.
after_sign_in = Slot[GoesFirst]("after_sign_in")
