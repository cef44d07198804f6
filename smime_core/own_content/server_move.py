"""The move of a server: its new address for the discovery document, signed by the key that the document lists for it.

    {"format": "sealwax-move-1", "domain", "key": "ed25519:…", "counter", "at", "address", "signature": base64}

The counter is one more than the moves in the document, so each move counts once. The move is sent within MAX_AGE of
`at`.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final

from smime_core.errors import MoveNotNext, MoveRefused, SignatureMismatch
from smime_core.limits import MAX_MOVE_BYTES
from smime_core.own_content.discovery_key import (
    key_member,
    key_text,
    sign_fields,
    verify_fields,
)
from smime_core.own_content.own_content import build_members
from smime_core.own_content.server_list import Server, ServerList, check_address
from smime_core.provider import CryptoProvider, PrivateKey
from smime_core.text import JsonObject, base64_text, utc_text

FORMAT: Final = "sealwax-move-1"
MAX_AGE: Final = datetime.timedelta(minutes=5)

_WHERE: Final = "move"
_MEMBERS: Final = ("format", "domain", "key", "counter", "at", "address", "signature")
_LABEL: Final = "move 1"
_NOT_SIGNED: Final = "no server of the list has signed this for its domain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A move that was checked: the server as it is listed, and its new address."""

    server: Server
    address: str

    @property
    def counter(self) -> int:
        """The number of moves of this server, this one included."""
        return self.server.moves + 1


async def sign_move(
    domain: str,
    provider: CryptoProvider,
    *,
    key: PrivateKey,
    counter: int,
    address: str,
    at: datetime.datetime,
) -> bytes:
    """The JSON of a move, for `POST /move`. Raises MalformedMessage for an address that readers would refuse."""
    check_address(address)
    text, time = key_text(key), utc_text(at)
    signature = await sign_fields(key, provider, _LABEL, domain, text, counter, time, address)
    return build_members(
        format=FORMAT,
        domain=domain,
        key=text,
        counter=counter,
        at=time,
        address=address,
        signature=base64_text(signature),
    )


async def check_move(data: bytes, server_list: ServerList, provider: CryptoProvider, at: datetime.datetime) -> Move:
    """Check a move against the published list, at the time `at`.

    (0) Its JSON has the right members. (1) A server of the list has signed it for this domain. (2) It was signed within
    MAX_AGE of `at`. (3) It is the server's next move. Raises MoveRefused, MoveNotNext, MalformedMessage or
    LimitExceeded.
    """
    # (0) The JSON.
    members = JsonObject.of_version(data, _MEMBERS, FORMAT, _WHERE, max_bytes=MAX_MOVE_BYTES)
    key, counter, address = key_member(members, "key"), members.number("counter"), members.text("address")
    check_address(address)
    # (1) The signature.
    server = server_list.find_by_key(key)
    if server is None or members.text("domain") != server_list.domain:
        raise MoveRefused(_NOT_SIGNED)
    fields = (_LABEL, server_list.domain, key, counter, members.text("at"), address)
    try:
        await verify_fields(key, members.data("signature", MAX_MOVE_BYTES), provider, *fields)
    except SignatureMismatch:
        raise MoveRefused(_NOT_SIGNED) from None
    # (2) The time.
    if abs(at - members.time("at")) > MAX_AGE:
        raise MoveRefused(f"it was signed at {members.text('at')}, and here it is {utc_text(at)}: correct the clock")
    # (3) The counter.
    if counter != server.moves + 1:
        raise MoveNotNext(f"the counter is {counter}, and {server.moves + 1} is the next one")
    return Move(server=server, address=address)
