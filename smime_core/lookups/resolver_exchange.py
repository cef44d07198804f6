"""One question to one DNS resolver: by UDP, and by TCP where the answer does not fit into a datagram."""

from __future__ import annotations

import ipaddress
import socket
from typing import Final

import dns.message
import dns.query

from smime_core.lookups.deadline import Deadline

_MAX_DATAGRAM_BYTES: Final = 65_535


def exchange(query: dns.message.Message, address: str, port: int, *, seconds: float) -> dns.message.Message:
    """The resolver's answer. Raises TimeoutError, OSError, ValueError or dns.exception.DNSException."""
    deadline = Deadline(seconds)
    try:
        return _by_datagram(query, address, port, deadline)
    except dns.message.Truncated:
        # A whole certificate seldom fits into a datagram.
        return dns.query.tcp(query, address, timeout=deadline.remaining(), port=port)


def _by_datagram(query: dns.message.Message, address: str, port: int, deadline: Deadline) -> dns.message.Message:
    is_ipv6 = ipaddress.ip_address(address).version == 6
    with socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        # A socket that is connected gets datagrams of this address and port only.
        datagrams.connect((address, port))
        datagrams.send(query.to_wire())
        while True:
            datagrams.settimeout(deadline.remaining())
            response = _read(datagrams.recv(_MAX_DATAGRAM_BYTES), query)
            if response is not None:
                return response


def _read(datagram: bytes, query: dns.message.Message) -> dns.message.Message | None:
    # RFC 5452 section 9.1: a datagram that does not match the question is no answer to it. Anybody can send one in the
    # resolver's name, and the right one may still come.
    if datagram[:2] != query.id.to_bytes(2, "big"):
        return None
    try:
        response = dns.message.from_wire(datagram, raise_on_truncation=True)
    except dns.message.Truncated as error:
        if not query.is_response(error.message()):  # type: ignore[no-untyped-call]
            return None
        raise
    return response if query.is_response(response) else None
