"""What recipients clear away."""

from sesam import jobs

from . import dialog_files, follow_ups, services


@jobs.hourly
def remove_unused_recipients() -> int:
    """Persons who were fetched from the register and whom no case came of."""
    return services.clean_up()


@jobs.hourly
def remind_of_follow_ups() -> int:
    """Prescribers are told of the aids that have come to their day."""
    return follow_ups.remind()


@jobs.hourly
def forget_notes_of_protected() -> int:
    """What was noted in follow-ups of somebody who became protected later."""
    return follow_ups.forget_notes()


@jobs.hourly
def remove_dialogs_files() -> int:
    """Files that were chosen in a dialog whose case was never made."""
    return dialog_files.remove_old()
