"""The hosts of a service of a domain: SRV records (RFC 2782), from the first resolver that answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype
from dns.rdtypes.IN.SRV import SRV

from sealwax.deadline import Deadline
from sealwax.lookups.resolver_exchange import exchange
from sealwax.lookups.smimea import NameServer

LOOKUP_SECONDS: Final = 5.0


class LookupFailed(Exception):
    """No resolver gave an answer that can be used. The text is for people."""


@dataclass(frozen=True, slots=True)
class ServiceTarget:
    """The host and the port of a service."""

    host: str
    port: int


def find_service(owner: str, name_servers: Sequence[NameServer]) -> ServiceTarget | None:
    """Return the preferred target of an owner name such as `_imaps._tcp.example.org`, or None if there is none.

    Raises LookupFailed.
    """
    return next(iter(find_services(owner, name_servers)), None)


def find_services(owner: str, name_servers: Sequence[NameServer]) -> tuple[ServiceTarget, ...]:
    """Return the targets of an owner name, the preferred one first.

    The targets are ordered by priority, and within a priority by weight, the highest first. Weights do not distribute
    load here, because the answers are kept. Raises LookupFailed.
    """
    deadline = Deadline(LOOKUP_SECONDS)
    failure = LookupFailed("there is no DNS resolver to ask")
    for left, server in zip(range(len(name_servers), 0, -1), name_servers, strict=True):
        try:
            # Each resolver gets a share of the remaining time. So a resolver that does not answer leaves time for the
            # next.
            query = dns.message.make_query(owner, dns.rdatatype.SRV)
            return _in_order(exchange(query, server.address, server.port, deadline.left() / left))
        except (OSError, EOFError, ValueError, dns.exception.DNSException):
            failure = LookupFailed(f"the DNS gives no answer about {owner} that can be used")
    raise failure


def _in_order(response: dns.message.Message) -> tuple[ServiceTarget, ...]:
    if response.rcode() == dns.rcode.NXDOMAIN:
        return ()
    if response.rcode() != dns.rcode.NOERROR or not isinstance(response, dns.message.QueryMessage):
        raise ValueError
    records = [record for record in response.resolve_chaining().answer or () if isinstance(record, SRV)]
    records.sort(key=lambda record: (record.priority, -record.weight, record.target))
    targets = [ServiceTarget(record.target.to_text(omit_final_dot=True).lower(), record.port) for record in records]
    # RFC 2782: the target "." means that the service is decidedly not available at this domain.
    return () if targets and targets[0].host in ("", ".") else tuple(targets)
