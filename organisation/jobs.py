"""What the organisation clears away: counted sign-ins, after a day."""

from sesam import jobs

from . import sign_in_pace


@jobs.hourly
def forget_sign_ins() -> int:
    return sign_in_pace.forget_old()
