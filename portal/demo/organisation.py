"""Payers, warehouses, units and the demo accounts."""

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from organisation.models import Payer, Source, Unit, User, Warehouse
from organisation.permissions import BUFFERT, CONTROLLER, FORSKRIVARE, KHS, LOGGRANSKARE

from .files import phone, rows

NAMED = {"0880": "Hemsjukvård Kalmar norr", "0883": "Hemrehab Västervik"}


@dataclass
class Places:
    payers: dict[str, Payer]
    central: dict[str, Warehouse]
    stores: dict[str, Warehouse]
    units: dict[str, Unit]
    users: dict[str, User]


def load() -> Places:
    region = Payer.objects.create(code="08", name="Region Kalmar län", kind=Payer.Kind.REGION)
    payers = {"08": region}
    central = {
        number: Warehouse.objects.create(
            number=number, name=name, kind=Warehouse.Kind.CENTRAL, owner=region,
            lead_time=days, street=street, postcode=postcode, locality=town,
        )
        for number, name, days, street, postcode, town in [
            ("100", "Kalmar KHS lager", 3, "Lagergatan 1", "39241", "Kalmar"),
            ("200", "Västervik KHS lager", 4, "Industrivägen 5", "59350", "Västervik"),
        ]
    }  # fmt: skip
    stores, units = {}, {}
    postcodes = {row["municipality_code"]: row["postal_code"] for row in rows("postcodes")}
    for turn, row in enumerate(rows("municipalities")):
        code, short = row["municipality_code"], row["name_short"]
        payers[code] = Payer.objects.create(code=code, name=row["name_official"])
        stores[code] = Warehouse.objects.create(
            number=code, name=f"{short} förråd", kind=Warehouse.Kind.BUFFER,
            owner=payers[code], lead_time=0, may_register_individuals=True,
            street="Förrådsvägen 2", postcode=postcodes[code], locality=short,
        )  # fmt: skip
        near = central["200"] if code in ("0883", "0884", "0860") else central["100"]
        units[code] = _unit(f"{code}1", NAMED.get(code, f"Hemrehab {short}"), payers[code],
                            near, stores[code], postcodes[code], turn)  # fmt: skip
    units["0880b"] = _unit("08802", "Hemsjukvård Kalmar söder", payers["0880"], central["100"],
                           stores["0880"], postcodes["0880"], 20)  # fmt: skip
    return Places(payers, central, stores, units, _accounts(payers, units))


def _unit(
    code: str,
    name: str,
    payer: Payer,
    near: Warehouse,
    store: Warehouse,
    postcode: str,
    turn: int,
) -> Unit:
    unit = Unit.objects.create(
        code=code, name=name, payer=payer, delivering_warehouse=near,
        phone=phone("fast (Malmö)", turn), street="Rehabvägen 4",
        postcode=postcode, locality=store.locality, hsa_id=f"SEDEMO-E{code}",
    )  # fmt: skip
    unit.own_stores.add(store)
    return unit


ACCOUNTS = [
    ("forskrivare", "Anna", "Lindqvist", "Arbetsterapeut", FORSKRIVARE, ["0880", "0880b"], "central"),
    ("forskrivare2", "Örjan", "Åkesson", "Fysioterapeut", FORSKRIVARE, ["0883"], ""),
    ("buffertansvarig", "Britt", "Ek", "Förrådsansvarig", BUFFERT, ["0880"], Source.OWN_STORE),
    ("controller", "Carl", "Öberg", "Controller", CONTROLLER, [], ""),
    ("khs", "Karin", "Holm", "Lagertekniker", KHS, ["0880"], "central"),
    ("loggranskare", "Lars", "Grahn", "Loggranskare", LOGGRANSKARE, [], ""),
    ("admin", "Siv", "Admin", "Systemförvaltare", None, [], ""),
]  # fmt: skip


def _accounts(payers: dict[str, Payer], units: dict[str, Unit]) -> dict[str, User]:
    password = make_password("demo")  # once: hashing is slow by design
    users = {}
    for turn, (name, first, last, title, role, codes, source) in enumerate(ACCOUNTS):
        user = User.objects.create(
            username=name, password=password, first_name=first, last_name=last, title=title,
            orderer_code=f"{first[0]}{last[:3]}".upper(), is_demo=True, default_source=source,
            hsa_id=f"SEDEMO-P{turn + 1}",
            email=f"{name}@example.se", phone=phone("fast (Göteborg)", turn),
            mobile=phone("mobil", turn), default_unit=units[codes[0]] if codes else None,
            is_staff=role == KHS or role is None, is_superuser=role is None,
            is_technician=role == KHS,
        )  # fmt: skip
        user.units.set([units[code] for code in codes])
        if role:
            user.groups.add(Group.objects.get(name=role))
        users[name] = user
    users["controller"].payers.add(payers["0880"])
    return users
