"""Where higher apps add themselves to a pickup order's page."""

from sesam.places import CreateItem, LinkSlot

from .models import PickupOrder

pickup_create = LinkSlot[CreateItem[PickupOrder]]("pickup_create")
