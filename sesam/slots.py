"""Where apps add themselves to the frame of every page, and to the start page."""

from .places import LinkSlot, MenuSlot, PartSlot, StartBox, Strip

menu = MenuSlot("menu")
strip = LinkSlot[Strip]("strip")
start_boxes = PartSlot[StartBox]("start_boxes")
