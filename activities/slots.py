"""Where higher apps add themselves to an activity's page."""

from sesam.places import CreateItem, LinkSlot

from .models import Activity

activity_create = LinkSlot[CreateItem[Activity]]("activity_create")
