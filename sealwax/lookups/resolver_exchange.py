"""One question to one DNS resolver: by UDP, and by TCP if the answer does not fit into a datagram."""

from __future__ import annotations

import ipaddress
import socket
from typing import Final

import dns.exception
import dns.message

from sealwax.deadline import Deadline
from smime_core.limits import MAX_DNS_RECORDS

_MAX_DATAGRAM_BYTES: Final = 65_535


def exchange(query: dns.message.Message, address: str, port: int, seconds: float) -> dns.message.Message:
    """The resolver's answer. Raises TimeoutError, OSError, ValueError or dns.exception.DNSException."""
    deadline = Deadline(seconds)
    try:
        return _by_datagram(query, address, port, deadline)
    except dns.message.Truncated:
        # A whole certificate seldom fits into a datagram.
        return _by_stream(query, address, port, deadline)


def _by_datagram(query: dns.message.Message, address: str, port: int, deadline: Deadline) -> dns.message.Message:
    is_ipv6 = ipaddress.ip_address(address).version == 6
    with socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        # A connected socket gets only datagrams of this address and port.
        datagrams.connect((address, port))
        datagrams.send(query.to_wire())
        while True:
            datagrams.settimeout(deadline.remaining())
            response = _read(datagrams.recv(_MAX_DATAGRAM_BYTES), query)
            if response is not None:
                return response


def _by_stream(query: dns.message.Message, address: str, port: int, deadline: Deadline) -> dns.message.Message:
    wire = query.to_wire()
    with socket.create_connection((address, port), timeout=deadline.remaining()) as stream:
        # RFC 1035 section 4.2.2: the length comes before each message.
        stream.sendall(len(wire).to_bytes(2, "big") + wire)
        length = int.from_bytes(_receive(stream, 2, deadline), "big")
        response = _read(_receive(stream, length, deadline), query)
    if response is None:
        raise dns.exception.FormError
    return response


def _receive(stream: socket.socket, count: int, deadline: Deadline) -> bytes:
    data = bytearray()
    while len(data) < count:
        stream.settimeout(deadline.remaining())
        received = stream.recv(count - len(data))
        if not received:
            raise EOFError
        data += received
    return bytes(data)


def _read(message: bytes, query: dns.message.Message) -> dns.message.Message | None:
    # RFC 5452 section 9.1: returns None for a datagram that does not match the question. Anyone can send one in the
    # resolver's name, and the real answer may still come.
    if message[:2] != query.id.to_bytes(2, "big"):
        return None
    # RFC 1035 section 4.1.1: the number of records in each section.
    if sum(int.from_bytes(message[start : start + 2], "big") for start in range(4, 12, 2)) > MAX_DNS_RECORDS:
        raise dns.exception.TooBig
    try:
        response = dns.message.from_wire(message, raise_on_truncation=True)
    except dns.message.Truncated as error:
        if not query.is_response(error.message()):  # type: ignore[no-untyped-call]
            return None
        raise
    return response if query.is_response(response) else None
