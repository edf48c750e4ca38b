"""«Startsida» in the bar."""

from sesam import places

places.add(
    places.Entry(slot="menu", name="start", label="Startsida", url=lambda r, o: "/", order=10)
)
