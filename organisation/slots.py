"""Where higher apps add themselves to «Min sida». What is looked at there is the user."""

from sesam.places import CreateItem, LinkSlot, NowSlot, Tab, TabSlot, TodoSlot

from .models import User

#: The user's cases, a kind a tab.
my_tabs = TabSlot[Tab[User]]("my_tabs")
#: What of them is open, late, or waits for the user.
my_now = NowSlot[User]("my_now")
#: «Att göra» of the start page: by name or number of a case alone, nothing about a person.
my_todo = TodoSlot[User]("my_todo")
my_create = LinkSlot[CreateItem[User]]("my_create")
