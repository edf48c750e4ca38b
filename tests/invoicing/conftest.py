from tests.recipients.conftest import browser_of  # noqa: F401
