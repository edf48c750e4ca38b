"""The pages of pickups and returns as a test walks them: their addresses, their forms."""

import re
from urllib.parse import urlencode

from django.urls import reverse

from recipients.models import Loan, Recipient


def page_of(recipient: Recipient) -> str:
    return reverse("recipients:detail", args=[recipient.key])


def new_return(recipient: Recipient, *chosen: Loan) -> str:
    url = reverse("pickups:new_return", args=[recipient.key])
    return f"{url}?{urlencode([('valda', loan.pk) for loan in chosen])}" if chosen else url


def form_of(response) -> dict[str, list[str]]:
    """What the page's form would send as it stands."""
    text = response.content.decode()
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", text):
        name = re.search(r'name="([^"]+)"', tag)
        if not name or "disabled" in tag:
            continue
        if re.search(r'type="(checkbox|radio)"', tag) and "checked" not in tag:
            continue
        value = re.search(r'value="([^"]*)"', tag)
        bare = "on" if 'type="checkbox"' in tag else ""
        found.setdefault(name[1], []).append(value[1] if value else bare)
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', text, re.S):
        chosen = re.search(r'value="([^"]*)"[^>]*selected', options)
        first = chosen or re.search(r'value="([^"]*)"', options)
        found[name] = [first[1]] if first else []
    for name, value in re.findall(r'<textarea name="([^"]+)"[^>]*>(.*?)</textarea>', text, re.S):
        found[name] = [value.strip()]
    found.pop("csrfmiddlewaretoken", None)
    return found


def give_back(client, recipient: Recipient, form: dict, **more):
    """Send the form of a return; where it asks about A aids or scrapping, yes."""
    answer = client.post(new_return(recipient), form, **more)
    if answer.context and answer.context.get("asks"):
        yes = {"bekrafta": [answer.context["to_confirm"]]}
        answer = client.post(new_return(recipient), form | yes, **more)
    return answer


def begin(client, *loans: Loan) -> str:
    """Open the dialog with the loans ticked; the first step's address."""
    url = reverse("pickups:begin", args=[loans[0].recipient.key])
    bar = client.post(url, {"valda": [loan.pk for loan in loans]})
    return client.get(bar.url).url


def to_information(client, *loans: Loan, **typed) -> tuple[str, dict]:
    """Through the first step; the second one's address and its form."""
    first = begin(client, *loans)
    form = form_of(client.get(first)) | {"action": "next"} | typed
    second = client.post(first, form)
    assert second.status_code == 302, form_of(second)
    return second.url, form_of(client.get(second.url)) | {"action": "next"}
