"""Who is behind a session: the user with all that every page's frame asks for, in one query."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from . import emergency, sign_in_pace
from .models import Message, User

# By name: a statement that is prepared can't answer with a column that came after it.
_COLUMNS = ", ".join(f"u.{field.column}" for field in User._meta.concrete_fields)
_SQL = f"""
    SELECT {_COLUMNS}, coalesce(n.name, '') AS unit_name, ARRAY(
        SELECT g.name FROM auth_group g
        JOIN organisation_user_groups ug ON ug.group_id = g.id WHERE ug.user_id = u.id
    ) AS role_names, (
        SELECT count(*) FROM (
            SELECT 1 FROM {Message._meta.db_table} m WHERE m.user_id = u.id AND m.read_at IS NULL
            LIMIT {Message.MOST_UNREAD + 1}
        ) unread
    ) AS unread_messages
    FROM organisation_user u LEFT JOIN organisation_unit n ON n.id = u.default_unit_id
    WHERE u.id = %s
"""  # noqa: S608


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
        user = next(iter(User.objects.raw(_SQL, [user_id])), None)
        return user if user and self.user_can_authenticate(user) else None
