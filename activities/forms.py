"""What comes in about activities."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict

from organisation.behalf import units_of, usual_unit
from organisation.models import Payer, Unit, User, Warehouse
from recipients import case_forms, ticked
from recipients.contact import ContactField
from recipients.models import Recipient
from recipients.ticked import HeldAidRow
from sesam.address_forms import ADDRESS, ADDRESS_LABELS, ChecksDetails
from sesam.form_fields import RecordField, choice, record_choice
from sesam.seen import CarriesSeen, Seen
from sesam.templatetags.sesam import datum

from . import presets, services
from .models import (
    Activity,
    ActivityType,
    AddressInstruction,
    MaintenanceSchedule,
    Priority,
    WhoseAddress,
)

TOO_LONG = {"max_length": "Texten får vara högst 2 000 tecken."}


class TypeForm(forms.Form):
    """«Typ»: what is to be done, for which unit, how soon."""

    type = RecordField(
        ActivityType.objects.none(),
        label="Vad behöver göras?",
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Välj vad som behöver göras.",
            "invalid_choice": "Välj en aktivitetstyp ur listan.",
        },
    )
    unit = RecordField(
        Unit.objects.none(),
        label="Tjänsteställe",
        empty_label=None,
        error_messages={"invalid_choice": "Välj ett av dina tjänsteställen."},
    )
    priority = RecordField(
        Priority.objects.none(),
        label="Aktivitetsprioritet",
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Välj prioritet.",
            "invalid_choice": "Välj en prioritet ur listan.",
        },
    )

    def __init__(
        self, data: MultiValueDict[str, Any] | None, *, user: User, in_store: bool
    ) -> None:
        """``in_store``: it is about a piece that stands in a store."""
        super().__init__(data)
        units = units_of(user)
        chosen = record_choice(self, "unit")
        chosen.queryset = units
        chosen.initial = usual_unit(user, units)
        types = ActivityType.objects.filter(is_active=True).exclude(
            used_by=ActivityType.UsedBy.PLAN
        )
        if in_store:
            types = types.filter(in_store=True)
        if not units.filter(payer__kind=Payer.Kind.REGION).exists():
            types = types.exclude(used_by=ActivityType.UsedBy.REGION)
        kinds = record_choice(self, "type")
        kinds.queryset = types.select_related("instruction", "supplier")
        first = types.filter(code=ActivityType.Code.STORE_REPAIR) if in_store else types
        kinds.initial = first.first() or types.first()
        priorities = Priority.objects.filter(is_active=True)
        how_soon = record_choice(self, "priority")
        how_soon.queryset = priorities
        how_soon.initial = priorities.first()


class AidRow(HeldAidRow):
    """An aid that the work is about: all of it, whatever the quantity."""

    @property
    def is_counted(self) -> bool:
        return False


class AidsForm(forms.Form):
    """«Hjälpmedel»: which of the recipient's."""

    def __init__(
        self,
        data: MultiValueDict[str, Any] | None,
        *,
        recipient: Recipient,
        chosen: Collection[int],
        kind: ActivityType,
    ) -> None:
        super().__init__(data)
        self.kind, self.gone = kind, ""
        self.rows = ticked.held_aid_rows(
            recipient, chosen if data is None else (), row=AidRow, taken_by=lambda loans: {}
        )
        if data is not None:
            ticked.type_rows(self.rows, data)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        self.gone = ticked.why_gone(self.rows, self.data)
        if self.gone:
            self.add_error(None, self.gone)
        elif self.kind.about != ActivityType.About.MAYBE and not self.chosen_rows:
            self.add_error(None, f"Välj det hjälpmedel som «{self.kind}» gäller.")
        return cleaned

    @property
    def chosen_rows(self) -> list[AidRow]:
        return [row for row in self.rows if row.chosen]

    def blame_row(self, loan: int, message: str) -> None:
        """A refusal that belongs to one aid; above the fields if it isn't there any more."""
        mine = [row for row in self.rows if row.loan.pk == loan]
        for row in mine:
            row.error = message
        self.add_error(None, "Kontrollera de valda hjälpmedlen." if mine else message)


class FilesForm(forms.Form):
    """Files of a dialog: those to take away again, and one more."""

    file = forms.FileField(
        label="Lägg till bilaga", required=False,
        help_text="PDF, JPEG, PNG eller DOCX, högst 10 MB.",
    )  # fmt: skip


class DescriptionForm(FilesForm):
    """«Beskrivning»: what is wanted, whom to call first, comment and files."""

    contact_prescriber = ContactField(
        help_text="Gäller bara den här aktiviteten. Mottagarens grundinställning ändras inte."
    )
    request = forms.CharField(
        label="Önskad åtgärd/Felbeskrivning",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={
            "required": "Beskriv vad som ska göras, eller vad felet är.",
            **TOO_LONG,
        },
    )
    comment = forms.CharField(
        label="Kommentar",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages=TOO_LONG,
    )
    text_confirmed = case_forms.confirmed_field()
    field_order = ["request", "comment", "document", "file", "contact_prescriber"]

    def __init__(
        self,
        data: MultiValueDict[str, Any] | None,
        *,
        kind: ActivityType,
        recipient: Recipient | None,
        has_document: bool,
    ) -> None:
        initial = {"contact_prescriber": bool(recipient and recipient.contact_prescriber)}
        super().__init__(data, initial=initial)
        self.kind, self.has_document = kind, has_document
        if recipient is None:
            del self.fields["contact_prescriber"]
        if kind.attachment_name:
            self.fields["document"] = forms.FileField(
                label=kind.attachment_name,
                required=False,
                help_text="Obligatorisk. PDF, JPEG, PNG eller DOCX, högst 10 MB.",
            )
            self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.kind.attachment_name and not self.has_document:
            self.add_error("document", f"Bifoga dokumentet «{self.kind.attachment_name}».")
        return cleaned


class AddressForm(ChecksDetails[Activity]):
    """«Adress»: how the aid gets to whoever works on it, where, and whom to call."""

    instruction = RecordField(
        AddressInstruction.objects.none(),
        label="Adressinstruktion",
        help_text="Hur teknikern får hjälpmedlet.",
        empty_label=None,
        required=False,
        error_messages={"invalid_choice": "Välj en instruktion ur listan."},
    )
    address_of = forms.ChoiceField(
        label="Aktivitetsadress",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Välj en adress.",
            "invalid_choice": "Välj en adress ur listan.",
        },
    )
    postcode = forms.CharField(label="Postnummer", required=False, max_length=6)

    class Meta:
        model = Activity
        fields = [*ADDRESS, "contact_name", "contact_phone", "contact_mobile", "contact_email"]
        labels = {
            **ADDRESS_LABELS,
            "contact_name": "Namn",
            "contact_phone": "Telefon",
            "contact_mobile": "Mobiltelefon",
            "contact_email": "E-post",
        }
        widgets = {
            "instructions": forms.Textarea(attrs={"rows": 2}),
            **case_forms.ContactForm.Meta.widgets,
        }

    def __init__(
        self,
        data: MultiValueDict[str, Any] | None,
        *,
        kind: ActivityType,
        recipient: Recipient | None,
        unit: Unit,
        store: Warehouse | None,
        user: User,
    ) -> None:
        whose = presets.address_of(kind, recipient)
        super().__init__(
            data,
            initial={
                **presets.contact(recipient, unit=unit, user=user),
                "instruction": kind.instruction_id,
                "address_of": whose,
            },
        )
        record_choice(self, "instruction").queryset = AddressInstruction.objects.filter(
            is_active=True
        )
        self.choices = list(self._choices(recipient, unit, store))
        choice(self, "address_of").choices = self.choices
        self.addresses = {
            name: presets.address(name, recipient=recipient, unit=unit, store=store)
            for name, _ in self.choices
        }

    @staticmethod
    def _choices(
        recipient: Recipient | None, unit: Unit, store: Warehouse | None
    ) -> Iterator[tuple[str, str]]:
        if recipient is not None and not recipient.is_protected:
            yield WhoseAddress.RECIPIENT.value, "Mottagarens adress"
        yield WhoseAddress.UNIT.value, f"Tjänstestället, {unit}"
        if store is not None:
            yield WhoseAddress.STORE.value, f"Förrådet, {store}"
        yield WhoseAddress.TYPED.value, "En annan adress"

    def clean(self) -> dict[str, Any]:
        """The chosen address takes the place of what was typed; a typed one must be whole."""
        cleaned = super().clean()
        whose = cleaned.get("address_of")
        if whose == WhoseAddress.TYPED:
            needed = {"street": "gatuadress", "postcode": "postnummer", "locality": "ort"}
            for name, word in needed.items():
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, f"Ange {word}.")
        elif whose:
            for name in ADDRESS:
                self.errors.pop(name, None)
            cleaned |= self.addresses[whose]
            if not cleaned["street"]:
                self.add_error("address_of", "Adressen saknas i registret. Välj en annan adress.")
        if not (cleaned.get("contact_phone") or cleaned.get("contact_mobile")):
            if not {"contact_phone", "contact_mobile"} & set(self.errors):
                self.add_error("contact_phone", "Ange minst ett telefonnummer.")
        return cleaned


class CaseAddressForm(case_forms.AddressForm[Activity]):
    """«Aktivitetsadress» on the page."""

    class Meta(case_forms.AddressForm.Meta):
        model = Activity


class CaseContactForm(case_forms.ContactForm[Activity]):
    """«Kontaktuppgifter» on the page."""

    class Meta(case_forms.ContactForm.Meta):
        model = Activity


class CaseRequestForm(case_forms.BlockForm[Activity]):
    """«Önskad åtgärd/Felbeskrivning» on the page."""

    text_confirmed = case_forms.confirmed_field()

    class Meta(case_forms.BlockForm.Meta):
        model = Activity
        fields = ["request"]
        labels = {"request": "Önskad åtgärd/Felbeskrivning"}
        widgets = {"request": forms.Textarea(attrs={"rows": 4})}
        error_messages = {"request": TOO_LONG}


class CaseCommentForm(case_forms.BlockForm[Activity]):
    """«Kommentar» on the page."""

    text_confirmed = case_forms.confirmed_field()

    class Meta(case_forms.BlockForm.Meta):
        model = Activity
        fields = ["comment"]
        labels = {"comment": "Kommentar"}
        widgets = {"comment": forms.Textarea(attrs={"rows": 2})}
        error_messages = {"comment": TOO_LONG}


class PlanForm(CarriesSeen, forms.Form):
    """«Planering»: the day, the hour, who, and what to bring. Only KHS's technicians are chosen, for
    what they do."""

    dag = forms.DateField(
        label="Dag",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": "Ange dagen.",
            "invalid": "Ange dagen som år-månad-dag, till exempel 2026-12-01.",
        },
    )
    tid = forms.CharField(
        label="Klockan",
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"placeholder": "10–12", "autocomplete": "off"}),
    )
    tekniker = RecordField(
        User.objects.none(), label="Tekniker", required=False, empty_label="Ingen vald",
        error_messages={"invalid_choice": "Välj en tekniker på KHS."},
    )  # fmt: skip
    ta_med = forms.CharField(
        label="Ta med",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    #: The service's words for them.
    FIELDS = {"day": "dag", "technician": "tekniker"}

    def __init__(self, data: Any = None, *, activity: Activity) -> None:
        super().__init__(
            data,
            initial={
                "dag": activity.planned_for,
                "tid": activity.planned_time,
                "tekniker": activity.technician_id,
                "ta_med": activity.bring,
            },
        )
        if activity.is_workshops:
            record_choice(self, "tekniker").queryset = services.technicians()
        else:
            del self.fields["tekniker"]
        self.carry(_as_it_stands(activity), services.PLAN)

    def tell_overtaken(self, record: Any) -> None:
        super().tell_overtaken(_as_it_stands(record))

    @property
    def seen(self) -> str:
        """What the form was filled in with, for the other forms of the section."""
        return str(self[self._name].value() or "")

    @staticmethod
    def seen_in(data: Mapping[str, Any]) -> Seen | None:
        """What another form of the section carried along; None where it didn't say."""
        mark = str(data.get(f"{services.PLAN[0]}_seen", ""))
        return Seen(services.PLAN, mark) if mark else None


def _as_it_stands(activity: Activity) -> Activity:
    """The row itself: what a page shows of a person who became protected leaves out what to bring."""
    return Activity.objects.only(*services.PLAN).get(pk=activity.pk)


class ReportForm(forms.Form):
    """«Återrapportera/avsluta aktivitet»; ``schedules`` are what else may have been done with it."""

    text = forms.CharField(
        label="Utförd åtgärd/Kommentar",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages=TOO_LONG,
    )
    minutes = forms.IntegerField(
        label="Arbetstid, minuter",
        required=False,
        min_value=0,
        max_value=24 * 60,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "invalid": "Ange arbetstiden i hela minuter.",
            "min_value": "Ange arbetstiden i hela minuter.",
            "max_value": "Ange arbetstiden i minuter, högst ett dygn.",
        },
    )
    close = forms.BooleanField(label="Avsluta aktivitet", required=False)
    done = forms.MultipleChoiceField(
        label="Underhåll som gjordes",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Nästa gång räknas från den dag som aktiviteten avslutas.",
        error_messages={"invalid_choice": "Schemat har ändrats. Välj igen."},
    )

    def __init__(
        self,
        data: MultiValueDict[str, Any] | None = None,
        *,
        schedules: Sequence[MaintenanceSchedule] = (),
        ticked: Collection[MaintenanceSchedule] = (),
    ) -> None:
        initial = {"done": [_key(one) for one in ticked]}
        super().__init__(data, initial=initial)
        if not schedules:
            del self.fields["done"]
            return
        many = len({one.individual_id for one in schedules}) > 1
        self.fields["done"].choices = [(_key(x), _named(x, many)) for x in schedules]  # type: ignore[attr-defined]

    def done_with_it(self) -> list[tuple[int, str]]:
        """What was ticked, as the service takes it."""
        keys = (key.split("-", 1) for key in self.cleaned_data.get("done", ()))
        return [(int(piece), kind) for piece, kind in keys]


def _key(schedule: MaintenanceSchedule) -> str:
    return f"{schedule.individual_id}-{schedule.kind}"


def _named(schedule: MaintenanceSchedule, many: bool) -> str:
    """«Säkerhetsbesiktning, förfaller 2026-12-03»; of several aids also which."""
    whose = f" av individ {schedule.individual}" if many else ""
    due = f", förfaller {datum(schedule.due_on)}" if schedule.due_on else ""
    return f"{schedule.get_kind_display()}{whose}{due}"
