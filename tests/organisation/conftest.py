"""The same people at the keyboard as in the recipients' tests."""

from tests.recipients.conftest import (  # noqa: F401
    browser_of,
    client,
    controller,
    khs_user,
    prescriber,
)
from tests.sesam.conftest import as_running_role, running_role  # noqa: F401
