"""Whose changes are kept (``sesam.history``): users with their roles and units, and where they work.

What lies between two tables, and the roles, which are Django's, are tracked by another look at them.
"""

from django.contrib.auth.models import Group

from sesam import history

from .people import Payer, Unit, User, Warehouse


class Role(Group):
    class Meta:
        proxy = True
        verbose_name = "roll"
        verbose_name_plural = "roller"


class UserRole(User.groups.through):  # type: ignore[misc, name-defined]  # made by Django
    class Meta:
        proxy = True
        verbose_name = "roll"
        verbose_name_plural = "roller"


class UserUnit(User.units.through):  # type: ignore[misc, name-defined]
    class Meta:
        proxy = True
        verbose_name = "tjänsteställe"
        verbose_name_plural = "tjänsteställen"


class UserPayer(User.payers.through):  # type: ignore[misc, name-defined]
    class Meta:
        proxy = True
        verbose_name = "betalare"
        verbose_name_plural = "betalare"


class UnitStore(Unit.own_stores.through):  # type: ignore[misc, name-defined]
    class Meta:
        proxy = True
        verbose_name = "eget förråd"
        verbose_name_plural = "egna förråd"


history.track(Role)
history.track(Payer)
history.track(Warehouse)
history.track(Unit)
history.track(UnitStore, part_of="unit")
# When somebody signed in stands with the user alone, their own choices are nobody else's.
history.track(User, but=("password", "last_login", "preferences"), unseen="password")
history.track(UserRole, part_of="user")
history.track(UserUnit, part_of="user")
history.track(UserPayer, part_of="user")
