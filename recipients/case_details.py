"""The details of a case (address, contact, text) as services set them: checked, changed while it is
open, and never what the record of a protected person said before."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sesam.errors import DomainError
from sesam.seen import Seen

from .cases import AddressedCase
from .models import Recipient
from .whereabouts import CONTACT

_NEEDED = {"street": "gatuadress", "postcode": "postnummer", "locality": "ort"}


class Protected(DomainError):
    """The person became protected while the case was being written."""

    def __init__(self) -> None:
        super().__init__(
            "Mottagaren har fått skyddad identitet sedan du började. Börja om, och skriv den adress"
            " som gäller just det här ärendet."
        )


def check_not_protected_since(recipient: Recipient) -> None:
    """``recipient`` was read before it was locked: what was typed may hold what the record said.
    Raises ``Protected``."""
    was_protected = recipient.is_protected
    recipient.refresh_from_db(fields=["is_protected"])
    if recipient.is_protected and not was_protected:
        raise Protected


def check_details(case: AddressedCase, address: str) -> None:
    """A case has somewhere to go, if it goes anywhere, and somebody to call. ``address`` is what it
    is called («hämtadressen»). Raises ``DomainError`` with its field."""
    if case.has_address:
        for name, words in _NEEDED.items():
            if not getattr(case, name):
                raise DomainError(f"Fyll i {address}: {words} saknas.", field=name)
    if not (case.contact_phone or case.contact_mobile):
        raise DomainError("Ange minst ett telefonnummer.", field="contact_phone")


def forget_typed_before(case: AddressedCase) -> None:
    """What a form may not show of a person who became protected is emptied; nothing is saved."""
    rewritten = case.OWN_TEXT if case.lacks_text else ()
    case.forget_whereabouts()
    case.take(dict.fromkeys(rewritten, ""))


def set_details(
    case: AddressedCase,
    details: dict[str, Any],
    *,
    names: Collection[str],
    seen: Seen | None = None,
) -> list[str]:
    """Set what ``details`` change of the fields ``names`` of an open, locked case, and forget what
    its record said of a person who became protected, and what was written then where no address
    takes its place; the fields to save, none if nothing changes. Raises ``Overtaken`` where the
    case doesn't say any more what was ``seen``."""
    forgotten: list[str] = []
    if case.address_masked and not case.has_ended:
        forgotten = [*case.WHEREABOUTS, *CONTACT]
        forget_typed_before(case)
        forgotten += case.OWN_TEXT if case.lacks_text else ()
    changed = [
        name for name, value in details.items() if name in names and getattr(case, name) != value
    ]
    if not changed:
        return []
    if seen is not None:
        seen.check(case)
    for name in changed:
        setattr(case, name, details[name])
    case.typed_for_case = case.is_protected
    return [*dict.fromkeys([*changed, *forgotten, "typed_for_case"])]
