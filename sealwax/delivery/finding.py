"""Find the API of a delivery service by the address of its pages. The links in notices contain this address."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sealwax.delivery.address import parse_server
from sealwax.delivery.calls import check_answer
from sealwax.delivery.connection import Connection
from sealwax.delivery.failures import DeliveryFailed, lie
from sealwax.delivery.fields import ServiceAnswer
from sealwax.http_client import HttpCall, ServiceAddress
from smime_core.errors import MalformedMessage
from smime_core.text import is_loopback

_CONFIGURATION: Final = "/config.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The API of a service, and its pages if their address is known."""

    api: ServiceAddress
    pages: ServiceAddress | None


def find_service(address: ServiceAddress, *, ca_file: Path | None = None) -> Service:
    """The service whose pages, or whose API, have this address. Raises DeliveryFailed."""
    with Connection(address, ca_file=ca_file) as connection:
        answer = connection.exchange(HttpCall(method="GET", path=_CONFIGURATION))
    if answer.status == http.client.NOT_FOUND:
        return Service(api=address, pages=None)
    check_answer(answer)
    return Service(api=_read_api(answer.body, address), pages=address)


def _read_api(body: bytes, pages: ServiceAddress) -> ServiceAddress:
    try:
        api = parse_server(ServiceAnswer.parse(body).text("api"))
    except MalformedMessage as error:
        raise lie(f"config.json: {error}") from None
    except DeliveryFailed:
        raise DeliveryFailed("delivery-error", f"{pages} has no pages of Sealwax") from None
    if is_loopback(api.host) and not is_loopback(pages.host):
        raise lie("the pages of another machine name this one")
    return api
