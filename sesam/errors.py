"""What can go wrong for a reason the user can do something about."""


class DomainError(Exception):
    """A rule said no. The text is Swedish, whole sentences, and says what to do.

    ``field`` names the form field it belongs to; ``line`` the key (``pk`` or index) of the
    row it belongs to, where one of several lines is meant.
    """

    def __init__(self, message: str, *, field: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.line = line

    def __str__(self) -> str:
        return self.message
