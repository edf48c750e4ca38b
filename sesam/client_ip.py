"""Where a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str | None:
    """The address of the browser.

    Behind ``settings.PROXY_COUNT`` proxies of ours it's that many places from the end of
    X-Forwarded-For: what stands before that, anybody can have written.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.PROXY_COUNT:
        chain = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        if len(chain) >= settings.PROXY_COUNT:
            address = chain[-settings.PROXY_COUNT]
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    # Who listens on IPv6 alone is told IPv4's addresses as a part of it.
    return str(getattr(found, "ipv4_mapped", None) or found)


def client_network(request: HttpRequest) -> str:
    """What many tries are counted by: the address; of IPv6 the network, for a whole one is given to a
    single customer."""
    found = client_ip(request)
    if found is None:
        return ""
    address = ipaddress.ip_address(found)
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return found
