"""The population register's people, and those of them whom the portal knows."""

import datetime as dt
import random
import uuid

from django.utils import timezone

from organisation.models import Payer
from recipients.models import Recipient, RegisterPerson

from .files import phone, rows
from .organisation import Places

NUMBERS = [row["number"] for row in rows("demo-personal-numbers")]
# The oldest are few; from the middle on everybody is of an age that has aids.
KNOWN, PROTECTED, DECEASED, MANY_AIDS, LONG_NAME, NAMESAKE, KIN = NUMBERS[100:107]
KNOWN_TO_PORTAL = set(NUMBERS[60:320])
REGISTER_ONLY = NUMBERS[330]
CARE_UNIT, STORE_CARE_UNIT = "7101", "7188"
ADDRESS = ("co", "street", "postcode", "locality", "municipality_code")


def load(chance: random.Random, places: Places) -> dict[str, Recipient]:
    """Recipients by number."""
    register = _register(chance)
    RegisterPerson.objects.bulk_create(register)
    recipients = [known(p, chance, places.payers) for p in register if p.number in KNOWN_TO_PORTAL]
    recipients += _care_units(chance, places)
    Recipient.objects.bulk_create(recipients)
    return {r.number: r for r in recipients}


def unknown_to_tests(recipients: dict[str, Recipient], code: str) -> list[Recipient]:
    """People of the municipality whom no test counts on."""
    known = (KNOWN, MANY_AIDS, LONG_NAME)
    return [
        r
        for number, r in sorted(recipients.items())
        if r.is_person
        and not (r.is_protected or r.deceased_on or number in known)
        and r.municipality_code == code
    ]


def _register(chance: random.Random) -> list[RegisterPerson]:
    names: dict[str, tuple[list[str], list[float]]] = {}
    for row in rows("names"):
        choices, weights = names.setdefault(row["kind"], ([], []))
        choices.append(row["name"])
        weights.append(float(row["weight"]))
    parts = rows("streets")
    first = [row["value"] for row in parts if row["part"] == "prefix"]
    last = [row["value"] for row in parts if row["part"] == "suffix"]
    places = rows("postcodes")
    kalmar = [place for place in places if place["municipality_code"] == "0880"]
    today = timezone.localdate()
    people = []
    for turn, row in enumerate(rows("demo-personal-numbers")):
        sex = "first_female" if row["sex_digit"] == "K" else "first_male"
        place = chance.choice(kalmar if turn % 2 else places)
        number = row["number"]
        person = RegisterPerson(
            number=number,
            given_name=chance.choices(*names[sex])[0],
            family_name=chance.choices(*names["last"])[0],
            street=f"{chance.choice(first)}{chance.choice(last)} {chance.randint(1, 60)}",
            postcode=place["postal_code"], locality=place["locality"],
            municipality_code=place["municipality_code"],
            is_protected=number == PROTECTED or turn % 97 == 50,
            deceased_on=today - dt.timedelta(days=40)
            if number == DECEASED or turn % 83 == 70 else None,
        )  # fmt: skip
        if number == LONG_NAME:
            person.given_name = "Maria Margareta Elisabeth Ann-Charlotte"
            person.family_name = "von Österberg-Ängquist af Åkerström"
        if number == NAMESAKE:  # of one who works at Kalmar's unit
            person.given_name, person.family_name, person.is_protected = "Britt", "Ek", False
        if number == KIN:  # of the prescriber
            person.family_name, person.is_protected = "Lindqvist", False
        if number == KNOWN:
            person.is_protected, person.deceased_on = False, None
        people.append(person)
    return people


def known(person: RegisterPerson, chance: random.Random, payers: dict[str, Payer]) -> Recipient:
    turn = chance.randrange(100)
    recipient = Recipient(
        kind=Recipient.Kind.PERSON, number=person.number, given_name=person.given_name,
        family_name=person.family_name, municipality_code=person.municipality_code,
        is_protected=person.is_protected, deceased_on=person.deceased_on,
        payer=payers.get(person.municipality_code), register_checked_at=timezone.now(),
        key=_key(chance),
    )  # fmt: skip
    for name in ADDRESS:
        setattr(recipient, name, getattr(person, name))
    recipient.mobile = phone("mobil", turn)
    if turn % 3 == 0:
        recipient.phone = phone("fast (Malmö)", turn)
    if turn % 4 == 0:
        recipient.door_code = f"{chance.randint(1000, 9999)}"
        recipient.instructions = "Ring på porttelefonen. Hissen är trång, bär in via gården."
    recipient.contact_prescriber = turn % 10 == 0
    return recipient


def _key(chance: random.Random) -> uuid.UUID:
    return uuid.UUID(int=chance.getrandbits(128), version=4)


def _care_units(chance: random.Random, places: Places) -> list[Recipient]:
    named = [(CARE_UNIT, "Vårdboendet Ängsgården", "0880"), ("7102", "Korttidsboendet Åsen", "0883"),
             ("7103", "Gruppbostaden Öster", "0881")]  # fmt: skip
    units = [
        Recipient(
            kind=Recipient.Kind.CARE_UNIT, number=number, family_name=name,
            street="Vårdvägen 1", postcode="39230", locality="Kalmar", municipality_code=code,
            payer=places.payers[code], unit=places.units[code], phone=phone("fast (Malmö)", 30),
        )
        for number, name, code in named
    ]  # fmt: skip
    units.append(
        Recipient(
            kind=Recipient.Kind.CARE_UNIT, number=STORE_CARE_UNIT, family_name="Kalmar förråd",
            payer=places.payers["0880"], unit=places.units["0880"], store=places.stores["0880"],
        )
    )  # fmt: skip
    for unit in units:
        unit.key = _key(chance)
    return units
