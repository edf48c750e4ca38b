"""Each plot of «Siffror»: what it shows, and the sentence that it comes to."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, Max, OuterRef, Sum
from django.utils import timezone
from django.utils.functional import cached_property

from articles.models import IsoClass
from organisation.models import Payer, Unit
from sesam.days import MONTHS
from sesam.plots import Number, Plot, Series
from sesam.templatetags.sesam import tal

from ..models import CountedMonth, Measure, MonthRun
from ..rules import first_of, next_month
from ..sources.window import moment
from .asking import CUTS, Asked
from .counting import months_until

MOST_PARTS = 4  # of a bar, and the rest
BACK_WITHIN = dt.timedelta(days=90)
AGES = ((0, "0–7"), (8, "8–14"), (15, "15–30"), (31, "31–60"), (61, "61–"))
ANSWERS = {
    1: "Utan uppföljning",
    2: "Användes",
    3: "Fel hjälpmedel",
    4: "Användes inte",
}
EVERY_GROUP = ", alla ISO-grupper"

Months = list[dt.date]


@dataclass(frozen=True)
class Drawn:
    """How a plot is made. ``whole``: also the parts that have no room in it, for its sheet."""

    asked: Asked
    whole: bool = False

    @cached_property
    def months(self) -> Months:
        """The months asked for, which are over and were counted since."""
        last = first_of(first_of(timezone.localdate()) - dt.timedelta(days=1))
        found = CountedMonth.objects.filter(month__lte=last).order_by("-month")
        whole = (one.month for one in found if one.at >= moment(next_month(one.month)))
        return months_until(next(whole, last), self.asked.months)

    @cached_property
    def invoiced(self) -> Months:
        """Those up to the last one that was run, and counted since: what is invoiced and not counted
        isn't known to cost nothing."""
        counted = CountedMonth.objects.filter(
            month=OuterRef("month"), at__gte=OuterRef("finished_at")
        )
        last = MonthRun.objects.filter(Exists(counted)).aggregate(last=Max("month"))["last"]
        return months_until(last, self.asked.months) if last else self.months

    def every_group(self, measured: str) -> str:
        return measured + EVERY_GROUP if self.asked.iso else measured


def cost(of: Drawn) -> Plot:
    """Up to the last month that is invoiced."""
    months = of.invoiced
    before = months_until(months[0], of.asked.months + 1)[:-1]
    label, field = CUTS[of.asked.cut]
    rows = of.asked.figures(Measure.COST, before[0]).filter(month__lte=months[-1])
    amounts: dict[Any, dict[dt.date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    found = rows.annotate(part=F(field)).values_list("part", "month").annotate(sum=Sum("amount"))
    for part, month, amount in found:
        amounts[part][month] += amount
    earlier = [sum((of_part[m] for of_part in amounts.values()), Decimal(0)) for m in before]
    months = _from_first(months, lambda m: any(of_part[m] for of_part in amounts.values()))
    series = _parts(amounts, months, _names(of.asked.cut, amounts), whole=of.whole)
    total = [sum((amounts[part][m] for part in amounts), Decimal(0)) for m in months]
    return Plot(
        "kostnad",
        _cost_finding(months, total, earlier),
        f"Tusen kr exkl. moms per månad och {label if field == 'iso_group' else label.lower()},"
        " utom interna transaktioner",
        _labels(months),
        [_thousands(one) for one in series],
        more=[_thousands(Series("Summa", total))],
        decimals=1,
    )


def _parts(
    amounts: dict[Any, dict[dt.date, Decimal]],
    months: Months,
    names: dict[Any, str],
    *,
    whole: bool,
) -> list[Series]:
    """A series for each of the largest parts, and one for all the others."""
    sums = {part: sum((its[m] for m in months), Decimal(0)) for part, its in amounts.items()}
    order = sorted((part for part in sums if sums[part]), key=lambda part: -sums[part])
    large = order if whole or len(order) <= MOST_PARTS + 1 else order[:MOST_PARTS]
    rest = [part for part in order if part not in large]
    found = [
        Series(names.get(part, "Utan ISO-kod, arbete m.m."), [amounts[part][m] for m in months])
        for part in large
    ]
    if rest:
        others = [sum((amounts[part][m] for part in rest), Decimal(0)) for m in months]
        found.append(Series("Övriga", others))
    return found


def _names(cut: str, parts: Any) -> dict[Any, str]:
    if cut == "iso":
        titles = IsoClass.objects.filter(code__in=[part for part in parts if part])
        return {code: _group(code, title) for code, title in titles.values_list("code", "title")}
    if cut == "enhet":
        names = dict(Unit.objects.filter(pk__in=[p for p in parts if p]).values_list("pk", "name"))
        return names | {None: "Utan tjänsteställe"}
    return dict(Payer.objects.filter(pk__in=list(parts)).values_list("pk", "name"))


def _group(code: str, title: str) -> str:
    """«12 Personlig förflyttning»: most titles begin alike, and a plot has little room."""
    for begins in ("Hjälpmedel för ", "Hjälpmedel vid ", "Hjälpmedel i "):
        if title.startswith(begins):
            title = title.removeprefix(begins).capitalize()
    return f"{code} {title}"


def _thousands(one: Series) -> Series:
    return Series(one.name, [Decimal(value or 0) / 1000 for value in one.values])


def _cost_finding(months: Months, total: list[Decimal], earlier: list[Decimal]) -> str:
    if not any(total):
        return "Kostnaden"
    if all(earlier) and len(months) == len(earlier):
        now, then = sum(total), sum(earlier)
        time = "på ett år" if len(months) == 12 else f"mot {len(months)} månader tidigare"
        return f"Kostnaden {_changed(now, then)} {time}"
    if len(total) > 1 and total[-2] > 0:
        since = MONTHS[months[-2].month - 1]
        return (
            f"Kostnaden {_changed(total[-1], total[-2])} från {since} till"
            f" {MONTHS[months[-1].month - 1]}"
        )
    return f"Kostnaden var {tal(total[-1])} kr i {MONTHS[months[-1].month - 1]}"


def _changed(now: Number, then: Number) -> str:
    if then <= 0 or now < 0:  # there is no percent of less than nothing
        return "var lika stor" if now == then else "steg" if now > then else "sjönk"
    percent = _percent(now - then, then)
    if not percent or not round(percent):
        return "var lika stor"
    return f"{'steg' if percent > 0 else 'sjönk'} {tal(abs(round(percent)))} procent"


def lead(of: Drawn) -> Plot:
    counted: dict[dt.date, dict[int, int]] = defaultdict(dict)
    rows = of.asked.figures(Measure.LEAD, of.months[0]).values_list("month", "bucket")
    for month, days, count in rows.annotate(sum=Sum("count")):
        counted[month][days] = count
    months = _from_first(of.months, counted.__contains__)
    middle = [_within(counted.get(month), 50) for month in months]
    most = [_within(counted.get(month), 90) for month in months]
    deliveries = [sum(counted.get(month, {}).values()) for month in months]
    finding = "Leveranstiden"
    last = next((n for n in reversed(range(len(months))) if middle[n] is not None), None)
    if last is not None:
        finding = (
            f"Halva leveranserna i {MONTHS[months[last].month - 1]} kom inom"
            f" {_days(middle[last] or 0)}"
        )
    return Plot(
        "leveranstid",
        finding,
        "Arbetsdagar från skickad beställning till utlevererad",
        _labels(months),
        [Series("9 av 10:", most), Series("Median:", middle)],
        lines=True,
        more=[Series("Utlevererade rader", deliveries)],
    )


def _within(counted: dict[int, int] | None, percent: int) -> int | None:
    """Within how many days so many percent had come."""
    if not counted:
        return None
    wanted, seen = sum(counted.values()) * percent / 100, 0
    for days in sorted(counted):
        seen += counted[days]
        if seen >= wanted:
            break
    return days


def _days(count: int) -> str:
    return "en arbetsdag" if count == 1 else f"{count} arbetsdagar"


def reuse(of: Drawn) -> Plot:
    counted: dict[dt.date, dict[int, int]] = defaultdict(dict)
    saved: dict[dt.date, Decimal] = defaultdict(Decimal)
    rows = of.asked.figures(Measure.REUSE, of.months[0]).values_list("month", "bucket")
    for month, used, count, amount in rows.annotate(sum=Sum("count"), kr=Sum("amount")):
        counted[month][used] = count
        saved[month] += amount
    months = _from_first(of.months, counted.__contains__)
    all_of = [sum(counted[month].values()) for month in months]
    used = [counted[month].get(1, 0) for month in months]
    finding = "Återanvändning"
    if sum(all_of):
        finding = "Inget av det utlämnade hade använts förut"
    if sum(used):
        finding = (
            f"{tal(round(_percent(sum(used), sum(all_of)) or 0))} procent av individerna hade"
            f" använts förut; det sparade {tal(sum(saved[m] for m in months))} kr"
        )
    return Plot(
        "ateranvant",
        finding,
        "Andel i procent av utlämnade märkta individer som någon annan haft förut. Sparat: listpriset"
        " för det som annars hade köpts",
        _labels(months),
        [Series("Använda förut", [_percent(u, a) for u, a in zip(used, all_of, strict=True)])],
        lines=True,
        more=[
            Series("Utlämnade individer", all_of),
            Series("Varav använda förut", used),
            Series("Sparat, kr", [int(saved[month]) for month in months]),
        ],
        decimals=1,
    )


def late(of: Drawn) -> Plot:
    counted = _by_bucket(of.asked.figures(Measure.LATE, of.months[0], by_iso=False))
    months = _from_first(of.months, counted.__contains__)
    in_time, behind = ([counted[m].get(part, 0) for m in months] for part in (0, 1))
    every = [a + b for a, b in zip(in_time, behind, strict=True)]
    finding = "Försenade aktiviteter"
    if sum(every):
        share = tal(round(_percent(sum(behind), sum(every)) or 0))
        finding = (
            f"{share} procent av aktiviteterna blev försenade"
            if sum(behind)
            else "Ingen aktivitet blev försenad"
        )
    return Plot(
        "aktiviteter",
        finding,
        of.every_group("Antal per månad då aktiviteten skulle vara klar"),
        _labels(months),
        [Series("I tid", in_time), Series("Försenade", behind)],
        more=[
            Series(
                "Försenade, procent", [_percent(b, e) for b, e in zip(behind, every, strict=True)]
            )
        ],
        decimals=1,
    )


def deviations(of: Drawn) -> Plot:
    def sums(measure: Measure) -> dict[dt.date, int]:
        rows = of.asked.figures(measure, of.months[0], by_iso=False).values_list("month")
        return dict(rows.annotate(sum=Sum("count")))

    found, loans = sums(Measure.DEVIATIONS), sums(Measure.LOANS)
    months = _from_first(of.months, lambda m: m in loans or m in found)
    per_1000 = [
        Decimal(found.get(m, 0)) * 1000 / loans[m] if loans.get(m) else None for m in months
    ]
    finding = "Avvikelser"
    told = [value for value in per_1000 if value is not None]
    if told:
        finding = f"{tal(sum(told) / len(told), 1)} avvikelser per 1 000 lån och månad"
    return Plot(
        "avvikelser",
        finding,
        of.every_group("Registrerade under månaden per 1 000 lån vid månadens slut"),
        _labels(months),
        [Series("Avvikelser", per_1000)],
        lines=True,
        more=[
            Series("Antal avvikelser", [found.get(m, 0) for m in months]),
            Series("Antal lån", [loans.get(m, 0) for m in months]),
        ],
        decimals=1,
    )


def back(of: Drawn) -> Plot:
    """The months whose last day was ninety days ago."""
    counted = _by_bucket(of.asked.figures(Measure.BACK, of.months[0]))
    today = timezone.localdate()
    over = [month for month in of.months if next_month(month) + BACK_WITHIN <= today]
    months = _from_first(over, counted.__contains__)
    every = [sum(counted[m].values()) for m in months]
    came = [sum(counted[m].get(n, 0) for n in ANSWERS) for m in months]
    finding = "Tillbaka inom 90 dagar"
    if sum(every):
        share = tal(round(_percent(sum(came), sum(every)) or 0))
        finding = (
            f"{share} procent av det utlämnade kom tillbaka inom 90 dagar"
            if sum(came)
            else "Inget kom tillbaka inom 90 dagar"
        )
    return Plot(
        "tillbaka",
        finding,
        "Antal per månad då det lämnades ut, efter svaret på uppföljningen",
        _labels(months),
        [Series(name, [counted[m].get(n, 0) for m in months]) for n, name in ANSWERS.items()],
        more=[
            Series("Utlämnat", every),
            Series("Tillbaka, procent", [_percent(c, e) for c, e in zip(came, every, strict=True)]),
        ],
        decimals=1,
    )


def backlog(of: Drawn) -> Plot:
    waits: dict[int, int] = dict(
        _newest(of.asked, Measure.BACKLOG).values_list("bucket").annotate(sum=Sum("count"))
    )
    counted = [0] * len(AGES)
    for days, count in waits.items():
        counted[max(n for n, (since, _) in enumerate(AGES) if since <= days)] += count
    finding = "Restnoterat"
    if waits:
        oldest = max(waits)
        finding = f"Den äldsta restnoteringen har väntat {tal(oldest)} {'dag' if oldest == 1 else 'dagar'}"
    return Plot(
        "restnoterat",
        finding,
        "Antal restnoterade efter hur många dagar de har väntat",
        [name for _, name in AGES],
        [Series("Restnoterat", counted)],
        place_label="Dagar",
        empty="Inget är restnoterat.",
    )


def turnover(of: Drawn) -> Plot:
    parts = {
        measure: _by_store(of.asked, measure) for measure in
        (Measure.OUT, Measure.STOCK, Measure.BEFORE)
    }  # fmt: skip
    names = {pk: name for its in parts.values() for pk, (name, _, _) in its.items()}

    def pieces(measure: Measure, store: int) -> int:
        return parts[measure].get(store, ("", 0, Decimal(0)))[1]

    rates = {}
    for store in names:
        mean = Decimal(pieces(Measure.STOCK, store) + pieces(Measure.BEFORE, store)) / 2
        rates[store] = pieces(Measure.OUT, store) / mean if mean else None
    order = sorted(names, key=lambda store: (-(rates[store] or 0), names[store]))
    gone = sum(pieces(Measure.OUT, store) for store in order)
    mean = sum(pieces(m, s) for m in (Measure.STOCK, Measure.BEFORE) for s in order) / Decimal(2)
    finding = "Inget har lämnat lagret på ett år" if mean else "Lagrets omsättning"
    if mean and gone:
        finding = f"Lagret omsattes {tal(gone / mean, 2)} gånger på ett år"
    return Plot(
        "omsattning",
        finding,
        "Antal som lämnat lagret på ett år, delat med medellagret: mitt emellan nu och för ett år"
        " sedan",
        [names[store] for store in order],
        [Series("Omsättning", [rates[store] for store in order])],
        lying=True,
        more=[
            Series("Lämnat lagret på ett år", [pieces(Measure.OUT, store) for store in order]),
            Series("I lager nu", [pieces(Measure.STOCK, store) for store in order]),
            Series("För ett år sedan", [pieces(Measure.BEFORE, store) for store in order]),
        ],
        decimals=2,
        place_label="Lager",
    )


def dead(of: Drawn) -> Plot:
    found = _by_store(of.asked, Measure.DEAD)
    order = sorted(found, key=lambda store: (-found[store][2], found[store][0]))
    amount = sum((found[store][2] for store in order), Decimal(0))
    return Plot(
        "dott-lager",
        f"Dött lager för {tal(amount)} kr" if amount else "Dött lager",
        "Listpriset, i kr, för det som legat i lager ett år utan att något av artikeln lämnats ut",
        [found[store][0] for store in order],
        [Series("Kr", [found[store][2] for store in order])],
        lying=True,
        more=[Series("Antal", [found[store][1] for store in order])],
        place_label="Lager",
        empty="Inget har legat orört i lager ett helt år.",
    )


#: By the name in the address, in the order of the page.
PLOTS: dict[str, Callable[[Drawn], Plot]] = {
    "kostnad": cost,
    "leveranstid": lead,
    "ateranvant": reuse,
    "restnoterat": backlog,
    "aktiviteter": late,
    "avvikelser": deviations,
    "tillbaka": back,
    "omsattning": turnover,
    "dott-lager": dead,
}


def _by_bucket(figures: Any) -> dict[dt.date, dict[int, int]]:
    counted: dict[dt.date, dict[int, int]] = defaultdict(dict)
    for month, part, count in figures.values_list("month", "bucket").annotate(sum=Sum("count")):
        counted[month][part] = count
    return counted


def _newest(asked: Asked, measure: Measure) -> Any:
    """Of what is counted as it stands: the last time."""
    last = CountedMonth.objects.aggregate(last=Max("month"))["last"]
    return asked.figures(measure).filter(month=last)


def _by_store(asked: Asked, measure: Measure) -> dict[int, tuple[str, int, Decimal]]:
    """Of each store its name, how many and how much."""
    rows = _newest(asked, measure).values_list("store", "store__name")
    found = rows.annotate(sum=Sum("count"), kr=Sum("amount"))
    return {store: (name, count, amount) for store, name, count, amount in found}


def _from_first(months: Months, has: Callable[[dt.date], bool]) -> Months:
    """The months from the first that has something."""
    first = next((n for n, month in enumerate(months) if has(month)), len(months))
    return months[first:]


def _labels(months: Sequence[dt.date]) -> list[str]:
    """«nov», of more than a year «nov 25»."""
    year = len(months) > 12
    return [f"{MONTHS[month.month - 1][:3]}{f' {month:%y}' if year else ''}" for month in months]


def _percent(part: Number, whole: Number) -> Decimal | None:
    return Decimal(part) * 100 / Decimal(whole) if whole else None
