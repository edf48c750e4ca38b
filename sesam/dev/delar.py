"""The builders' page ``/delar/``: each recurring part in every state. Only with ``DEBUG``.

One address, so that the parts' own addresses (panel, sort, page, edit, dialog) work here too:
``?visa=dialog`` shows the dialog, ``?redigera=kontakt`` the open block, ``?panel=2`` a panel.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.html import format_html

from sesam import panels, tables, undo
from sesam.context import Bar, BarItem
from sesam.life_line import Branch, LifeLine, NextStep, Stop, StopState
from sesam.places import BulkAction, CreateItem, Now, Page, Shown
from sesam.plots import Plot, Series
from sesam.templatetags.sesam import datum, icon_html

_NAMES = (
    "Etac Clean hrg sb. 48",
    "Cross 6 allround sb45 sd41-56 lang",
    "WendyLett glideflate b100 l140 stikklaken WendyLett 2Way b200 l140 med ett mycket långt namn "
    "som brukar vara leverantörens eget",
    "ROHO Hybrid Elite tokammer sb 40",
    "Donaudampfschiffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
)


@dataclass
class PartRow:
    """A row of the list below."""

    pk: int
    number: str
    name: str
    supplier: str
    kind: str
    iso: str
    individual: str | None
    available: int
    note: str
    price: Decimal
    delivered: datetime.date
    status: str


def _row(number: int) -> PartRow:
    facts: dict[str, Any] = {
        "pk": number,
        "number": f"{221400 + number}",
        "name": _NAMES[number % len(_NAMES)],
        "supplier": "Etac Sverige AB"
        if number % 3
        else "Bröderna Åkessons Östgötska Hjälpmedel AB",
        "kind": "Huvudhjälpmedel",
        "iso": "12 22 03",
        "individual": f"{209400 + number}" if number % 2 else None,
        "available": number % 4,
        "note": "" if number % 4 else "väntas 2026-12-04",
        "price": Decimal("6240.50") * number,
        "delivered": datetime.date(2026, 11, 11) - datetime.timedelta(days=number * 9),
        "status": ("Registrerad", "Restnoterad", "Utlevererad", "Makulerad")[number % 4],
    }
    return PartRow(**facts)


class OrderColumn(tables.ActionColumn):
    def html(self, row: Any, table: Any) -> str:
        return format_html(
            '<a class="btn btn-outline-success" href="?visa=dialog" data-dialog>Beställ'
            '<span class="visually-hidden"> {}</span></a>',
            row.name,
        )


class PartTable(tables.Table[PartRow]):
    """Every kind of column."""

    columns = (
        tables.TickColumn("name"),
        tables.CodeColumn("number", "Artikelnr", sort="number"),
        tables.PanelColumn("name", "Benämning", sort="name"),
        tables.Column("supplier", "Leverantör", sort="supplier", priority=4),
        tables.Column("kind", "Artikeltyp", sort="kind", priority=3),
        tables.Column("individual", "Individ", sort="individual", priority=2),
        tables.StockColumn("available", "Tillgänglighet", sort="available"),
        tables.StatusColumn("status", "Status", sort="status"),
        tables.DateColumn("delivered", "Levererad", sort="delivered", falling_first=True),
        tables.MoneyColumn("price", "Pris", sort="price", priority=2),
        OrderColumn("act", "Beställ"),
    )
    order = "name"
    per_page = 10
    dom_id = "delar-lista"
    caption = "Artiklar"
    noun = ("artikel", "artiklar")
    preference_key = "delar"
    optional = ("supplier", "kind", "individual", "available", "status", "price")
    empty_text = "Inga förbrukningsartiklar"
    empty_hint = "Artiklar av typen förbrukningsartikel hamnar här när de har levererats."


def _find(asked: tables.Asked) -> tuple[list[PartRow], int]:
    rows = sorted(map(_row, range(1, 28)), key=lambda row: str(getattr(row, asked.sort)))
    return asked.cut(rows[::-1] if asked.falling else rows), len(rows)


class PartForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label="Namn", max_length=60)
    phone = forms.CharField(label="Telefon", required=False, help_text="Minst ett nummer.")
    quantity = forms.IntegerField(label="Antal", min_value=1, max_value=99, initial=1)
    source = forms.ChoiceField(
        label="Leverans från",
        choices=[("khs", "Hjälpmedelsverksamhet"), ("own", "Eget förråd")],
        widget=forms.RadioSelect,
        initial="khs",
    )
    warehouse = forms.ChoiceField(label="Lager", choices=[("100", "100 Kalmar KHS lager")])
    directions = forms.CharField(
        label="Vägbeskrivning", required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    components = forms.MultipleChoiceField(
        label="Standardkomponenter",
        required=False,
        choices=[("1", "Armlene mrs Netti V hø, 316171"), ("2", "Hodestøtte mrs Netti V/III/HD")],
        widget=forms.CheckboxSelectMultiple,
        initial=["1"],
    )
    file = forms.FileField(
        label="Bilaga", help_text="PDF, JPEG, PNG eller DOCX, högst 10 MB.", required=False
    )
    sure = forms.BooleanField(label="Artikeln ska samlevereras", required=False)


def _panel(request: HttpRequest) -> panels.Panel | None:
    wanted = panels.asked(request)
    if not wanted.isdecimal() or not 1 <= int(wanted) <= 27:
        return None
    row = _row(int(wanted))
    tabs, chosen = panels.tabs(request, ("oversikt", "Översikt"), ("leverans", "Leverans"))
    return panels.Panel(
        kicker="Hjälpmedel från kundorder 26410087",
        title=row.name,
        close_url=panels.close_url(request),
        tabs=tabs,
        facts=[
            {"label": "Artikel", "value": row.number, "url": "?"},
            {"label": "Individ", "value": row.individual},
            {
                "label": "Levererad" if chosen == "leverans" else "Antal",
                "value": datum(row.delivered),
            },
        ],
        go_url="?",
        go_label="Gå till beställningsdetaljer",
    )


def parts(request: HttpRequest) -> HttpResponse:
    """Show all parts."""
    wrong = PartForm(
        {"name": "", "quantity": "0", "source": "", "warehouse": "x"}, auto_id="fel_%s"
    )
    wrong.add_error("file", "Filen är större än 10 MB. Välj en mindre fil.")
    if request.GET.get("visa") == "dialog":
        return _dialog(request)
    if request.GET.get("visa") == "fraga":
        return _question(request)
    if request.method == "POST":
        if request.GET.get("redigera") == "kontakt" and not request.POST.get("name"):
            return _parts_page(request, wrong, edited=PartForm(request.POST), status=422)
        if request.POST.get("action") == "remove":
            undo.offer(request, "Raden med Etac Clean är borttagen.", request.path)
        else:
            messages.success(request, "Sparat.")
        return HttpResponseRedirect(request.path)
    return _parts_page(request, wrong, edited=PartForm({"name": "Lennart Moberg, make"}))


def _parts_page(
    request: HttpRequest, wrong: PartForm, edited: PartForm, status: int = 200
) -> HttpResponse:
    table = PartTable.found(request, _find)
    empty = PartTable(request, [])
    empty.dom_id, empty.empty_url, empty.empty_action = "delar-tom", "?", "Beställ"
    empty.empty_order = True
    context = {
        "table": table,
        "empty_table": empty,
        "panel": _panel(request),
        "form": PartForm(auto_id="oppen_%s"),
        "wrong": wrong,
        "edited": edited,
        "editing": request.GET.get("redigera") == "kontakt",
        "menu": Bar(_menu(started="tom" not in request.GET)),
        "frame_user": {"name": "Karin Lindqvist", "unit": "Hemsjukvården Nybro", "roles": []},
        "strip": {
            "who": "Ing-Britt Moberg, 19360831-9186",
            "text": "Hemsjukvården Nybro, betalare Nybro kommun",
            "url": "?",
            "link": "Till beställningen (2 rader)",
        },
        "tabs": [
            {"label": "Hjälpmedel", "url": "?", "count": 9, "active": True},
            {"label": "Beställt", "url": "?", "count": 2},
            {"label": "Återlämnat", "url": "?", "count": 0},
            {"label": "Förbrukningsartiklar", "url": "?", "count": 1234},
        ],
        "facts": [
            {"label": "Namn", "value": "Ing-Britt Moberg"},
            {"label": "Adress", "value": "Skolgatan 14 B, lgh 1203, 382 31 Nybro", "lock": True},
            {"label": "Telefon", "value": "070-174 06 12"},
            {"label": "Port", "value": ""},
        ],
        "protected": [
            {"label": "Namn", "value": "Maria Larsson"},
            {"label": "Personnummer", "value": "19520419-2383"},
        ],
        "now": [
            ("?", Now(6, "hjälpmedel", "senast 9 november")),
            ("?", Now(2, "på väg", "planerat 30 november")),
            ("?", Now(1, "öppen aktivitet", "Anpassning, 26 november")),
            ("?", Now(1, "att följa upp", "dyna, 6 veckor sedan", asks=True)),
        ],
        "people": [
            _person(
                "Ing-Britt Moberg", "19360831-9186", 90, "Nybro kommun", contact_prescriber=True
            ),
            _person("Siv Holm", "19200907-9282", 106, "", is_protected=True),
            _person("Vårdboende Eken", "7101", None, "Kalmar kommun", is_person=False),
            {"name": "Kalmar kommuns förråd"},
        ],
        "menu_entries": [
            _item("Aktivitet", icon="wrench"),
            _item("Skapa pdf", icon="printer"),
            _item("Leverera individen", barred="Individ 230006 är redan utlämnad."),
            _item("Makulera beställning", "?visa=dialog", icon="ban", danger=True, dialog=True),
        ],
        "steps": _steps(2),
        "plots": _plots(),
        "progresses": [
            ("Pågår", _progress("current")),
            ("Någon ska svara", _progress("current", "amber")),
            ("Gick inte igenom", _progress("current", "red")),
            ("Avbruten", _progress("stopped")),
        ],
        "lives": _lives(),
        "statuses": [
            "Registrerad",
            "Under plock",
            "Delvis utlevererad",
            "Restnoterad",
            "Väntar på aktivitet",
            "Utlevererad",
            "Makulerad",
            "Hos mottagare",
            "Tillgänglig",
            "Reserverad",
            "Förskrivare ska kontaktas",
            "Förskrivare behöver inte kontaktas",
            "Skyddad identitet",
            "Samlevereras",
            "Var för sig",
        ],
        "ticked_actions": [
            Shown(
                BulkAction(name=label, label=label, url=Page("delar"), icon=icon),
                label=label,
                url="?",
            )
            for label, icon in (
                ("Retur", "undo-2"),
                ("Hämtorder", "truck"),
                ("Aktivitet", "wrench"),
                ("Retursedel", "file-text"),
            )
        ],
        "events": [
            {"at": datetime.datetime(2026, 11, 18, 15, 7), "text": "Beställning skickad."},
        ],
        "pending": icon_html("loader-circle", 18),
    }
    return render(request, "sesam/delar.html", context, status=status)


def _item(label: str, url: str = "?", *, barred: str = "", **facts: Any) -> Shown[Any]:
    """An entry of «Registrera/skapa»."""
    entry: CreateItem[None] = CreateItem(name=label, label=label, url=Page("delar"), **facts)
    return Shown(entry, label=label, url=url, barred=barred)


def _person(name: str, number: str, age: int | None, payer: str, **more: Any) -> dict[str, Any]:
    known = {"name": name, "number": number, "age": age, "payer": payer, "is_person": True}
    return {**known, **more}


def _menu(*, started: bool) -> list[BarItem]:
    """A bar with all kinds of entries."""
    return [
        BarItem("Startsida", "?"),
        BarItem("Mottagare", "?", active=True),
        BarItem(
            "Artiklar",
            "?",
            children=[BarItem("Sök artikel", "?"), BarItem("Sortimentskataloger", "?")],
        ),
        BarItem(
            "Pågående beställning" if started else "Varukorg",
            "?",
            cart=True,
            align="right",
            count=2 if started else None,
        ),
        BarItem("Meddelanden", "?", align="right", icon="mail", count=3),
        BarItem("Inställningar", "?", align="right", icon="settings", dialog=True),
    ]


def _steps(here: int) -> list[dict[str, str]]:
    labels = ("Artikel", "Ersättningsartiklar", "Komponenter", "Kommentar")
    return [
        {
            "label": label,
            "state": "done" if n < here else "current" if n == here else "todo",
            "url": "?visa=dialog",
        }
        for n, label in enumerate(labels, 1)
    ]


def _lives() -> list[tuple[str, LifeLine]]:
    """Life lines of cases: going on, come apart, waiting, at their end."""
    sent = Stop("Skickad", StopState.DONE, "ons 18 nov 15:07", "Karin Lindqvist")
    picked = Stop("Plockad", StopState.DONE, "fre 20 nov 13:40", "Bertil Wikström")
    later = Stop("Hos mottagaren", StopState.LATER, "planerad måndag 30 november")
    rest = [
        Stop("Väntas till lagret", StopState.WAITING, "4 december"),
        Stop("Plockas", StopState.LATER, "7 december"),
        Stop("Hos mottagaren", StopState.LATER, "planerad 8 december"),
    ]
    since = datetime.datetime(2025, 11, 18, 15, 7)
    arrived = Stop("Hos mottagaren", StopState.DONE, "i dag 09:05", "1 av 2 st")
    held = Stop("Plockas", StopState.WAITING, "", "väntar på aktivitet 26470090")
    ended = Stop("Makulerad", StopState.ENDED, "tor 19 nov 09:41", "Karin Lindqvist")
    picking = Stop("Plockas", StopState.NOW, "i dag 08:12", "Bertil Wikström")
    backlog = "1 st Pute sete mrs Netti V är restnoterat"
    waits = NextStep("KHS", "plockar det restnoterade när det kommer", since=since)
    return [
        ("Pågår", LifeLine([sent, picking, later], next_step=NextStep("KHS", "lämnar ut"))),
        ("Delad", LifeLine([sent, picked, arrived], Branch(backlog, rest), waits)),
        ("Väntar", LifeLine([sent, held, later])),
        ("Avbruten", LifeLine([sent, ended])),
    ]


_MONTHS = ("nov", "dec", "jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep", "okt")


def _plots() -> list[Plot]:
    """Bars, lines, and one without figures."""
    cost = [
        Series("12 Förflyttning", [91, 85, 90, 92, 95, 94, 97, 96, 80, 92, 94, 98]),
        Series("18 Möbler", [42, 39, 41, 44, 43, 44, 44, 45, 41, 44, 45, 46]),
        Series("04 Antidecubitus", [19, 18, 19, 20, 21, 20, 21, 21, 17, 20, 20, 22]),
        Series("09 Personlig vård", [16, 14, 15, 16, 17, 17, 17, 17, 13, 16, 15, 18]),
        Series("Arbete, material", [13, 11, 11, 11, 11, 12, 12, 13, 7, 11, 10, 13]),
    ]
    days = [
        Series("9 av 10:", [12, 13, 14, 12, 11, 11, 10, 10, 13, 11, 10, 9]),
        Series("Median:", [5, 5, 6, 5, 5, 4, 5, 4, 5, 4, 4, 4]),
    ]
    return [
        Plot("kostnad", "Kostnaden steg 9 procent på ett år",
             "Tusen kr exkl. moms per månad och ISO-grupp", _MONTHS, cost, excel_url="?"),
        Plot("dagar", "Halva leveranserna inom 4 arbetsdagar",
             "Arbetsdagar från skickad till hos mottagaren", _MONTHS, days, lines=True),
        Plot("tomt", "Återanvända hjälpmedel", "Andel levererade som använts förut", _MONTHS, []),
    ]  # fmt: skip


def _progress(state: str, tone: str = "") -> list[dict[str, Any]]:
    at = datetime.datetime(2026, 11, 18, 15, 7)
    note = "Takfästet ryms inte i den befintliga skenan, och rummet är lägre än på ritningen."
    return [
        {"label": "Mottagen av KHS", "state": "done", "at": at},
        {"label": "Skickad till leverantör", "state": state, "tone": tone, "at": at,
         "by": "Karin Holm", "note": note},
        {"label": "Godkänd / Ej godkänd", "state": "todo"},
        {"label": "Utlevererad", "state": "todo"},
    ]  # fmt: skip


def _question(request: HttpRequest) -> HttpResponse:
    """What can't be undone."""
    if request.method == "POST":
        return HttpResponseRedirect(request.path)
    dialog = {
        "title": "Makulera kundorder 26480031?",
        "cancel_url": request.path,
        "finish": "Ja, makulera",
        "stays": "Behåll beställningen",
    }
    return render(request, "orders/cancel.html", {"dialog": dialog, "open_count": 2})


def _dialog(request: HttpRequest) -> HttpResponse:
    form = PartForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if request.POST.get("action") == "back" or form.is_valid():
            return HttpResponseRedirect(request.get_full_path())
        status = 422
    dialog = {
        "title": "Beställd artikel",
        "steps": _steps(2),
        "cancel_url": request.path,
        "back": True,
        "finish": "Fortsätt",
        "next": "Nästa",
        "hint": "«Fortsätt» lägger raden i beställningen utan fler val.",
    }
    context = {"dialog": dialog, "form": form}
    return render(request, "sesam/delar_dialog.html", context, status=status)
