"""The pages of activities as a test walks them."""

from django.urls import reverse

from activities.models import Activity, ActivityType
from tests.pickups.pages import form_of


def page_of(activity: Activity) -> str:
    return reverse("activities:detail", args=[activity.case_number])


def begin(client, recipient, *loans) -> str:
    """Open the dialog with the loans ticked; the first step's address."""
    url = reverse("activities:begin", args=[recipient.key])
    if loans:
        url = client.post(url, {"valda": [loan.pk for loan in loans]}).url
    return client.get(url).url


def go_on(client, url: str, action: str = "next", **typed):
    """Send a step as it stands with what is typed."""
    form = form_of(client.get(url)) | {"action": action} | typed
    return client.post(url, form)


def choose(client, url: str, name: str, **typed) -> str:
    """Through the first step with the type of that name; the second step's address."""
    kind = ActivityType.objects.get(name__startswith=name)
    answer = go_on(client, url, type=str(kind.pk), **typed)
    assert answer.status_code == 302, answer.content.decode()
    return answer.url
