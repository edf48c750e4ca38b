"""Why a sign-in by SITHS is refused: one page each, which says what to do.

The log gets ``code`` and, where the portal knows them, the user's id; nothing of what the provider
told.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """``again``: trying once more may help."""

    code: str
    title: str
    text: str
    status: int = 403
    again: bool = False


class Refused(Exception):
    """``hsa_id`` is shown to its owner, who has to tell it to whoever helps; it is in no log."""

    def __init__(self, why: Refusal, *, hsa_id: str = "", user: int | None = None) -> None:
        super().__init__(why.code)
        self.why, self.hsa_id, self.user = why, hsa_id, user


# --- it isn't the person's turn -----------------------------------------------------------------

UNKNOWN = Refusal(
    "unknown-user",
    "Du har inget konto i Hjälpmedelsportalen",
    "Inloggningen med SITHS gick bra, men inget konto här har ditt HSA-id. Behöver du portalen i"
    " ditt arbete, be om ett konto.",
)
NO_HSA_ID = Refusal(
    "no-hsa-id",
    "Inloggningen saknar HSA-id",
    "Inloggningstjänsten lämnade inget HSA-id, så portalen vet inte vem du är. Välj ditt"
    " tjänste-id (HSA-id) när du loggar in.",
    again=True,
)
INACTIVE = Refusal(
    "inactive-user",
    "Ditt konto är inte aktivt",
    "Kontot är avstängt. Behöver du det i ditt arbete, be om att det aktiveras.",
)
UNUSED = Refusal(
    "unused-account",
    "Ditt konto är inaktivt",
    "Kontot har inte använts på länge och är därför inaktivt. Behöver du det i ditt arbete, be om"
    " att det aktiveras.",
)
ENDED = Refusal(
    "ended-account",
    "Ditt konto är avslutat",
    "Kontot har inte använts på länge och är därför avslutat. Behöver du portalen i ditt arbete, be"
    " om ett konto med rätt behörighet.",
)
LEVEL = Refusal(
    "below-level",
    "Inloggningen är inte tillräckligt säker",
    "Portalen kräver inloggning på tillitsnivå 3 eller högre. Logga in med ditt SITHS-kort eller"
    " med SITHS eID på mobilen.",
    again=True,
)
CANCELLED = Refusal(
    "cancelled",
    "Inloggningen avbröts",
    "Inloggningen avbröts hos inloggningstjänsten innan den var klar. Du är inte inloggad.",
    again=True,
)
STATE = Refusal(
    "state",
    "Inloggningen gäller inte längre",
    "Svaret från inloggningstjänsten är redan använt, för gammalt eller hör till en annan"
    " webbläsare. Det händer också när man laddar om sidan eller går bakåt. Börja om från början.",
    400,
    again=True,
)
CODE = Refusal(
    "code",
    "Inloggningen hann gå ut",
    "Inloggningstjänsten känner inte längre igen inloggningen. Börja om från början.",
    400,
    again=True,
)

# --- the provider's answer isn't to be believed -------------------------------------------------

_NOT_BELIEVED = "Portalen släpper därför inte in dig. Felet ligger inte hos dig."
ISSUER = Refusal(
    "issuer",
    "Intyget kommer från fel utfärdare",
    f"Intyget om vem du är kommer inte från den inloggningstjänst som portalen litar på."
    f" {_NOT_BELIEVED}",
)
SIGNATURE = Refusal(
    "signature",
    "Intyget har fel underskrift",
    f"Underskriften på intyget om vem du är går inte att bekräfta. {_NOT_BELIEVED}",
)
EXPIRED = Refusal(
    "expired",
    "Intyget har gått ut",
    f"Intyget om vem du är gäller inte längre. {_NOT_BELIEVED}",
    again=True,
)
TIMES = Refusal(
    "times",
    "Intyget saknar giltiga tider",
    f"Intyget om vem du är säger inte när det är utfärdat och hur länge det gäller, eller är"
    f" utfärdat i framtiden. {_NOT_BELIEVED}",
)
AUDIENCE = Refusal(
    "audience",
    "Intyget är inte utfärdat för portalen",
    f"Intyget om vem du är gäller en annan tjänst än Hjälpmedelsportalen. {_NOT_BELIEVED}",
)
NONCE = Refusal(
    "nonce",
    "Intyget hör till en annan inloggning",
    f"Intyget om vem du är utfärdades inte för den inloggning som du började. {_NOT_BELIEVED}",
    again=True,
)
PERSON = Refusal(
    "person",
    "Uppgifterna gäller en annan person",
    f"Intyget och uppgifterna från inloggningstjänsten handlar inte om samma person."
    f" {_NOT_BELIEVED}",
)

# --- the provider doesn't do its part -----------------------------------------------------------

SLOW = Refusal(
    "slow",
    "Inloggningstjänsten svarar inte",
    "Inloggningstjänsten för SITHS svarar för långsamt just nu. Försök igen om en stund.",
    503,
    again=True,
)
BROKEN = Refusal(
    "broken",
    "Inloggningstjänsten fungerar inte",
    "Inloggningstjänsten för SITHS svarade med ett fel. Försök igen om en stund.",
    502,
    again=True,
)
