"""What KHS writes for the portal's own pages."""

from .start import StartContact, StartLink

__all__ = ["StartContact", "StartLink"]
