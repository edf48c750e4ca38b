"""Who works with the portal, where, what they are told, and who looked at whom."""

from .changes import (
    Role,
    UnitStore,
    UserPayer,
    UserRole,
    UserUnit,
)
from .letters import (
    Audience,
    Mail,
    MailState,
    Message,
    MessageKind,
    Notice,
)
from .log import (
    AccessLogEntry,
)
from .people import (
    Account,
    Payer,
    RoleHeld,
    Source,
    Unit,
    User,
    Warehouse,
    opaque_id,
)
from .reasons import (
    LookReason,
)
from .sign_in import (
    SignInFailure,
    SignInTurn,
    SithsTry,
)

__all__ = [
    "AccessLogEntry",
    "Account",
    "Audience",
    "LookReason",
    "Mail",
    "MailState",
    "Message",
    "MessageKind",
    "Notice",
    "Payer",
    "Role",
    "RoleHeld",
    "SignInFailure",
    "SignInTurn",
    "SithsTry",
    "Source",
    "Unit",
    "UnitStore",
    "User",
    "UserPayer",
    "UserRole",
    "UserUnit",
    "Warehouse",
    "opaque_id",
]
