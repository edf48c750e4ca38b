"""The step machine: a dialog whose steps are forms and which makes something of them together.

A kind of dialog is a class of its own (``StepDialog``) that names its steps, builds their forms and
makes what they ask for. What all dialogs do alike is here: the first unfinished step, back, next and
finish; coming back shows what was typed without scolding; sent twice makes one; what has ended says
so. The state is a row (``sesam.dialogs``); a page that isn't a dialog shares the strip.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.datastructures import MultiValueDict

from . import dialogs
from .dialogs import Dialog, form_data
from .errors import DomainError

_MADE = "made"


@dataclass(frozen=True)
class Step:
    """A step: its name in the address, its label in the strip, what it is drawn by.

    ``enter`` is the action of Enter in a field, where that isn't to go on; ``has_files`` whether
    its form sends files.
    """

    name: str
    label: str
    template: str = ""
    enter: str = ""
    has_files: bool = False


def strip(steps: Iterable[Step], current: str, url: Callable[[str], str]) -> list[dict[str, str]]:
    """The steps as ``parts/steps.html`` draws them: those before the current one are done."""
    shown, state = [], "done"
    for step in steps:
        if step.name == current:
            shown.append({"label": step.label, "state": "current", "url": url(step.name)})
            state = "todo"
        else:
            shown.append({"label": step.label, "state": state, "url": url(step.name)})
    return shown


class StepDialog(ABC):
    """A dialog of the request's user, with what its steps say so far.

    A kind says ``kind``, ``title``, ``url_name`` (an address with key and step), ``all_steps`` and
    ``finish_label``, and overrides what is below «What a kind says».
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    url_name: ClassVar[str]
    all_steps: ClassVar[tuple[Step, ...]]
    finish_label: ClassVar[str]

    def __init__(self, state: Dialog) -> None:
        self.state = state
        self.request = state.request
        self._forms: dict[str, forms.BaseForm] = {}
        self._answers: dict[str, dict[str, Any] | None] = {}

    # --- What a kind says ---

    @classmethod
    def open(cls, state: Dialog) -> StepDialog | None:
        """The dialog with what it is about; None when that is gone, so that it has ended."""
        return cls(state)

    @classmethod
    @abstractmethod
    def ended(cls, request: HttpRequest) -> HttpResponse:
        """The answer of one that is too old, has been finished, or whose person became protected."""

    @classmethod
    def shown_again(cls, request: HttpRequest, made: str) -> HttpResponse:
        """The answer of one that is sent once more: what it has ``made``. One that is forgotten
        when it is done has ended."""
        return cls.ended(request)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that it has, by what has been said so far."""
        return self.all_steps

    @abstractmethod
    def build(self, step: str, data: MultiValueDict[str, Any] | None) -> forms.BaseForm:
        """The step's form; ``data`` is what was typed, None before it was shown."""

    def must_be_seen(self, step: str) -> bool:
        """Whether the step's presets don't do for an answer."""
        return True

    def stopped(self) -> HttpResponse | None:
        """Why it can't go on now, whatever is typed."""
        return None

    def retyped(self, step: str, before: dict[str, Any] | None) -> None:
        """A step was sent; ``before`` is what it held. Drops or changes what hangs on it."""
        return None  # most kinds have nothing to do

    def take_file(self) -> None:
        """Keep a file that came with a step that has files, in its field «file». Raises
        ``DomainError``."""
        return None  # most kinds have nothing to do

    @abstractmethod
    def create(self, said: dict[str, dict[str, Any]]) -> tuple[str, HttpResponse]:
        """Make it of what all steps say (by their names), and answer: the name that ``shown_again`` gets (empty: the
        dialog is forgotten), and the way on. Raises ``DomainError``."""

    def blame(self, fault: DomainError) -> str:
        """The step that a refusal belongs to: the one that has its field, else the last."""
        names = [step.name for step in self.steps]
        has = (name for name in names if fault.field and fault.field in self.form(name).fields)
        return next(has, names[-1])

    def refuse(self, form: forms.BaseForm, fault: DomainError) -> None:
        """Tell a refusal in the form of its step."""
        form.add_error(fault.field if fault.field in form.fields else None, fault.message)

    def hush(self, form: forms.BaseForm) -> None:
        """Take the errors away from what is shown before it is sent again."""
        form.errors.clear()

    def error(self, form: forms.BaseForm) -> str:
        """A sentence above the fields."""
        return " ".join(map(str, form.non_field_errors())) if form.is_bound and form.errors else ""

    @abstractmethod
    def frame(self, step: str) -> dict[str, Any]:
        """More of the dialog's frame (``parts/dialog.html``): ``cancel_url``, other buttons."""

    def context(self, step: str, form: forms.BaseForm) -> dict[str, Any]:
        """What the step's template draws beside its form."""
        return {}

    # --- What all do alike ---

    @classmethod
    def respond(cls, request: HttpRequest, key: str, step: str) -> HttpResponse:
        """The answer to a request of one step. 404 for a step that the dialog hasn't got.

        What is sent is kept first, whatever comes of it. Then one request at a time goes on: two
        that come at the same instant are one after the other, and the second finds what the
        first has made.
        """
        if step not in {known.name for known in cls.all_steps}:
            raise Http404("step")
        try:
            state = Dialog.find(request, cls.kind, key)
        except Http404:
            return cls.ended(request)
        if made := state.facts.get(_MADE):
            return cls.shown_again(request, made)
        if request.method != "POST":
            dialog = cls.open(state)
            return dialog._get(step) if dialog else cls.ended(request)
        before = state.typed(step)
        state.type(step)
        with transaction.atomic():
            if not state.lock():
                return cls.ended(request)
            if made := state.facts.get(_MADE):
                return cls.shown_again(request, made)
            dialog = cls.open(state)
            return dialog._post(step, before) if dialog else cls.ended(request)

    def _get(self, step: str) -> HttpResponse:
        if stop := self._stop(step):
            return stop
        if missing := self._first_unfinished(before=step):
            return dialogs.go(self.request, self.url(missing))
        return self.page(step, fresh=True)

    def _post(self, step: str, before: dict[str, Any] | None) -> HttpResponse:
        self.retyped(step, before)
        if stop := self._stop(step):
            return stop
        if missing := self._first_unfinished(before=step):
            return self._turn_to(missing, status=409)  # it held when it was left
        action = self.request.POST.get("action", "finish")
        if action == "refresh":
            return self.page(step, fresh=True)
        try:
            if self._known(step).has_files:
                self.take_file()
        except DomainError as fault:
            self.form(step).add_error("file", fault.message)
            return self.page(step)
        names = [step.name for step in self.steps]
        at = names.index(step)
        if action == "back":
            return dialogs.go(self.request, self.url(names[max(at - 1, 0)]))
        if self.answer(step) is None:
            return self.page(step)
        if action == "next" and at + 1 < len(names):
            return dialogs.go(self.request, self.url(names[at + 1]))
        return self._finish()

    def _known(self, step: str) -> Step:
        return next(mine for mine in self.steps if mine.name == step)

    def _stop(self, step: str) -> HttpResponse | None:
        if step not in {mine.name for mine in self.steps}:
            raise Http404("step")
        return self.stopped()

    def _finish(self) -> HttpResponse:
        """All steps together become what they ask for; the first that says no is shown."""
        if missing := self._first_unfinished():
            return self._turn_to(missing)
        said = {step.name: self.answer(step.name) or {} for step in self.steps}
        try:
            made, answer = self.create(said)
        except DomainError as fault:
            step = self.blame(fault)
            if self.state.typed(step) is None:
                self._keep_presets(step)
            self.refuse(self.form(step), fault)
            return self.page(step, status=409 if fault.line is not None else 422)
        if made:
            self.state.finish(**{_MADE: made})
        else:
            self.state.end()
        return answer

    def _first_unfinished(self, before: str = "") -> str | None:
        """The first step (before this one) that hasn't got its answer."""
        for step in self.steps:
            if step.name == before:
                return None
            unseen = self.state.typed(step.name) is None
            if (unseen and self.must_be_seen(step.name)) or self.answer(step.name) is None:
                return step.name
        return None

    def _turn_to(self, step: str, status: int = 422) -> HttpResponse:
        """Show a step that must be answered first: anew, or with what is wrong in it."""
        if self.state.typed(step) is None:
            if self.must_be_seen(step):
                return dialogs.go(self.request, self.url(step))
            self._keep_presets(step)
        return self.page(step, status=status)

    def _keep_presets(self, step: str) -> None:
        self.state.keep(step, _presets(self.form(step)))
        del self._forms[step]

    def form(self, step: str) -> forms.BaseForm:
        """The step's form, with what was typed if it was shown before."""
        if step not in self._forms:
            self._forms[step] = self.build(step, form_data(self.state.typed(step)))
        return self._forms[step]

    def answer(self, step: str) -> dict[str, Any] | None:
        """What the step says: cleaned if it was sent, else its presets; None if it isn't valid."""
        if step not in self._answers:
            form = self.form(step)
            if not form.is_bound:
                form = self.build(step, form_data(_presets(form)))
            self._answers[step] = form.cleaned_data if form.is_valid() else None
        return self._answers[step]

    def url(self, step: str) -> str:
        return reverse(self.url_name, args=[self.state.key, step])

    def page(self, step: str, *, fresh: bool = False, status: int = 422) -> HttpResponse:
        """The step drawn; ``status`` is that of one with errors. ``fresh`` doesn't scold."""
        form = self.form(step)
        if fresh and form.is_bound:
            self.answer(step)  # before what is wrong with it is taken away
            self.hush(form)
        mine = self._known(step)
        is_last = mine == self.steps[-1]
        dialog = {
            "title": self.title,
            "url": self.url(step),
            "steps": strip(self.steps, step, self.url),
            "back": mine != self.steps[0],
            "next": self.finish_label if is_last else "Nästa",
            "enter": mine.enter,
            "multipart": mine.has_files,
            "error": self.error(form),
            **self.frame(step),
        }
        context = {"form": form, "step": step, "dialog": dialog, **self.context(step, form)}
        is_wrong = form.is_bound and form.errors
        return dialogs.show(
            self.request, mine.template, context, status=status if is_wrong else 200
        )


def _presets(form: forms.BaseForm) -> dict[str, Any]:
    return {name: form.get_initial_for_field(f, name) for name, f in form.fields.items()}
