"""What orders add to the back office's bar and home: what waits to be delivered."""

from functools import partial
from urllib.parse import urlencode

from django.urls import reverse

from organisation import desk, queues
from sesam.places import Part

from . import khs
from .models import Order

desk.entry("orders", "Ordrar", "admin:orders_order_changelist", order=11)

queues.on_home(
    "admin:orders_order_changelist",
    [
        ("Klara att plocka", "list-checks", "?lage=klar", partial(khs.in_state, "klar")),
        ("Under plock", "package-open", "?status=picking", khs.being_picked),
        ("Försenade", "clock", "?lage=forsenad", partial(khs.in_state, "forsenad")),
        ("Restnoterade", "hourglass", "?lage=restnoterad", partial(khs.in_state, "restnoterad")),
        ("Väntar på aktivitet", "lock", "?lage=vantar", partial(khs.in_state, "vantar")),
        ("Projekt att föra vidare", "arrow-right", "?lage=projekt",
         partial(khs.in_state, "projekt")),
        ("Väntar på förskrivaren", "file-text", "?lage=forskrivare",
         partial(khs.in_state, "forskrivare")),
        ("Alla att leverera", "truck", "", Order.objects.undelivered),
    ],
    since="sent_at",
    order=100,
    first=("Klara att plocka", "Försenade", "Projekt att föra vidare"),
)  # fmt: skip

queues.queue_actions.add(
    queues.QueueAction(
        name="pick",
        page="admin:orders_order_changelist",
        label="Påbörja plock",
        url=lambda request, obj: (
            f"{reverse('admin:orders_order_pick')}?{urlencode({'next': request.get_full_path()})}"
        ),
        icon="package",
        shown=desk.at_khs,
    )
)
queues.home_parts.add(
    Part(
        name="to_pick",
        shown=desk.at_khs,
        template="orders/_to_pick.html",
        build=lambda request, obj: khs.first_to_pick() or None,
    )
)
