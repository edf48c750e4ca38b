"""Where higher apps add themselves to a deviation's page."""

from sesam.places import CreateItem, LinkSlot

from .models import Deviation

deviation_create = LinkSlot[CreateItem[Deviation]]("deviation_create")
