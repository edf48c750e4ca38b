"""What recipients clear away."""

from sesam import jobs

from . import services


@jobs.hourly
def remove_unused_recipients() -> int:
    """Persons who were fetched from the register and whom no case came of."""
    return services.clean_up()
