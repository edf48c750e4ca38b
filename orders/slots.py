"""Where higher apps add themselves to an order's page."""

from sesam.places import CreateItem, LinkSlot

from .models import Order

order_create = LinkSlot[CreateItem[Order]]("order_create")
