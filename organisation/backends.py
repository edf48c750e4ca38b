"""Who is behind a session: the user with all that every page's frame asks for, in one query."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, IntegerField, OuterRef, QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from sesam.standing import standing

from . import emergency, sign_in_pace
from .models import Message, User
from .slots import asked_along


@standing
def _signed_in(*, user: Any) -> QuerySet[User]:
    mine = OuterRef("pk")
    unread = Message.objects.filter(user=mine, read_at=None).order_by()
    return (
        User.objects.filter(pk=user)
        .order_by()
        .annotate(
            unit_name=Coalesce("default_unit__name", Value("")),
            role_names=ArraySubquery(Group.objects.filter(user=mine).order_by().values("name")),
            unread_messages=Func(
                ArraySubquery(unread.values("pk")[: Message.MOST_UNREAD + 1]),
                function="cardinality",
                output_field=IntegerField(),
            ),
            **{entry.name: entry.of(mine) for entry in asked_along},
        )
    )


class PortalBackend(ModelBackend):
    """Django's own check of name and password, where these are taken; what fails is counted."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        code: str = "",
        **kwargs: Any,
    ) -> User | None:
        if not emergency.passwords_are_taken():
            return None
        user: User | None = super().authenticate(request, username=username, password=password)
        if user and emergency.code_is_asked_for() and not emergency.code_is_right(user, code):
            user = None
        if user is None and request is not None and username:
            sign_in_pace.failed(request, username)
        return user

    def get_user(self, user_id: int) -> User | None:
        user = next(iter(_signed_in(user=user_id)), None)
        return user if user and self.user_can_authenticate(user) else None
