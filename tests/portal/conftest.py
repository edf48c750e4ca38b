"""The same people at the keyboard as in the recipients' tests."""

from tests.recipients.conftest import (  # noqa: F401
    browser_of,
    client,
    controller,
    khs_user,
    logged,
    prescriber,
)
