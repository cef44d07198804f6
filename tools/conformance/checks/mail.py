"""Tasks for mail: byte-exact round trips, the structure that other parsers found, the verdict on whole messages."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from smime_core.cms.recipients.keys import Keys
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.message import examine_message
from smime_core.mime import (
    Entity,
    Preparation,
    build_signed,
    decode_body,
    parse_entity,
    prepare,
    split_message,
    split_signed,
    to_crlf,
)
from smime_core.mime.charset import decode_text
from smime_core.mime.multipart import find_parts, parse_parts
from smime_core.pkix import RevocationPolicy, TrustStore
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.report.report import State
from smime_core.trust.judging import Judging
from smime_core.x509.certificate import parse_certificate
from tools.conformance.case import Disproved, task
from tools.conformance.checks.encrypted import Key
from tools.conformance.checks.facts import claim, compare

_MBOX_LINE: Final = re.compile(rb"From [^\r\n]*\r?\n")
_DELIMITER: Final = re.compile(rb"(?:\A|\r?\n)--[^\n]*(?:\n|\Z)")
_BOUNDARY: Final = "conformance-c0ffee"


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """A message taken apart and put together again is the same, byte for byte.

    (1) Header lines, blank lines, boundaries and parts together make up the whole message, without repetition or gap.
    (2) Every body can be decoded. (3) The entity to be signed is canonical: making it canonical again changes nothing.
    (4) Put into multipart/signed and taken out again, it is unchanged.
    """

    message: bytes

    async def run(self, provider: CryptoProvider) -> int:
        line = _MBOX_LINE.match(self.message)
        entity = parse_entity(self.message)
        facts = claim(
            bytes(entity.encoded) == self.message[line.end() if line else 0 :], "octets are missing at an end"
        )
        facts += _check_whole(entity)
        for leaf in walk_leaves(entity):
            try:
                decode_body(leaf)
            except MalformedMessage:
                # Damaged base64 in a CMS part is refused by design, and the corpora have such parts.
                claim(leaf.transfer_encoding == "base64", "a body that is not base64 is refused")
            facts += 1
        _, inner = split_message(self.message)
        facts += claim(split_message(inner)[1] == inner, "the canonical entity is not canonical")
        facts += claim(prepare(inner, Preparation.CANONICAL) == inner, "the canonical entity has line ends that change")
        signed = parse_entity(build_signed(b"", inner, b"0\x00", "sha-256", boundary=_BOUNDARY))
        return facts + claim(bytes(split_signed(signed)[0]) == inner, "multipart/signed gives another entity back")


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A part that is not a multipart, with the media type and body (text or bytes) that another parser found.

    `text` is compared with LF line ends, `octets` exactly. An absent field is not compared.
    """

    media_type: str = ""
    text: str | None = None
    octets: bytes | None = None


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """The leaves of a message, in order, are those that another parser found.

    With `enters_messages`, a message inside the message is replaced by its own leaves.
    """

    message: bytes
    leaves: tuple[Leaf, ...]
    enters_messages: bool = False

    async def run(self, provider: CryptoProvider) -> int:
        leaves = list(walk_leaves(parse_entity(self.message), enters_messages=self.enters_messages))
        facts = claim(len(leaves) == len(self.leaves), f"{len(leaves)} leaves, expected {len(self.leaves)}")
        for number, (leaf, expected) in enumerate(zip(leaves, self.leaves, strict=True), 1):
            if expected.media_type:
                found_type = leaf.content_type.media_type
                facts += claim(
                    found_type == expected.media_type, f"part {number} is {found_type}, not {expected.media_type}"
                )
            if expected.octets is not None:
                octets = bytes(decode_body(leaf))
                facts += claim(
                    octets == expected.octets, f"part {number} is {octets[:50]!r}, not {expected.octets[:50]!r}"
                )
            if expected.text is not None:
                text = decode_text(decode_body(leaf), leaf.content_type.parameters.get("charset", ""))
                facts += claim(
                    _lines(text) == _lines(expected.text), f"part {number} is {text[:50]!r}, not {expected.text[:50]!r}"
                )
        return facts


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The examination of a message ends in one of `states`.

    `signers`, if given, are the addresses of all signers. `entity` is the content of the innermost layer, compared with
    CRLF line ends. `headers` are (name, text) pairs that must be shown. `policy` is RECEIVE or, for old algorithms,
    ARCHIVE. With `may_refuse` an error is allowed too.
    """

    message: bytes
    states: tuple[str, ...]
    anchors: tuple[bytes, ...] = ()
    keys: tuple[Key, ...] = ()
    at: str
    signers: tuple[str, ...] | None = None
    entity: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    policy: str = Policy.RECEIVE.value
    may_refuse: bool = False

    async def run(self, provider: CryptoProvider) -> int:
        store = TrustStore.of(*map(parse_certificate, self.anchors), revocation=RevocationPolicy.NOT_CHECKED)
        holders = [holder for key in self.keys for holder in await key.holders(provider)]
        try:
            report = await examine_message(
                self.message,
                Judging(trust_store=store, at=datetime.datetime.fromisoformat(self.at)),
                provider=provider,
                policy=Policy(self.policy),
                keys=Keys(identities=holders),
            )
        except SmimeError:
            if not self.may_refuse:
                raise
            return 1
        why = ", ".join(reason.code for reason in report.reasons)
        facts = claim(report.state in map(State, self.states), f"{report.state} ({why}), expected {self.states}")
        if self.signers is not None:
            signers = [s for layer in report.layers for s in layer.signers]
            addresses = {a for s in signers if s.certificate for a in s.certificate.email_addresses}
            facts += claim(addresses == set(self.signers), f"signed by {sorted(addresses)}, expected {self.signers}")
        if self.entity is not None:
            facts += compare(to_crlf(report.content), to_crlf(self.entity))
        for name, text in self.headers:
            shown = [value for field, value in report.headers if field.lower() == name.lower()]
            facts += claim(shown == [text], f"{name} is shown as {shown}, expected {text!r}")
        return facts


def walk_leaves(entity: Entity, *, enters_messages: bool = False) -> Iterator[Entity]:
    """All parts that are not multiparts, in their order."""
    if entity.content_type.type == "multipart":
        for part in parse_parts(entity) if _part_ranges(entity) else ():
            yield from walk_leaves(part, enters_messages=enters_messages)
    elif enters_messages and entity.content_type.media_type == "message/rfc822":
        yield from walk_leaves(parse_entity(bytes(decode_body(entity))), enters_messages=True)
    else:
        yield entity


def _part_ranges(entity: Entity) -> list[tuple[int, int]]:
    if entity.content_type.type != "multipart":
        return []
    try:
        return find_parts(entity)
    except MalformedMessage:
        return []


def _check_whole(entity: Entity) -> int:
    # The header section, the blank line and the body follow each other without a gap. The fields are in the header
    # section in their order; other lines may be between them.
    head = bytes(entity.encoded)[: len(entity.encoded) - len(entity.body)]
    raw = entity.headers.raw
    facts = claim(head.startswith(raw) and head[len(raw) :] in (b"", b"\n", b"\r\n"), "the header section is not whole")
    position = 0
    for field in entity.headers.fields:
        offset = raw.find(field.encoded, position)
        facts += claim(offset >= 0, f"the field {field.name} is not in the order received")
        position = offset + len(field.encoded)
    ranges = _part_ranges(entity)
    body, last = bytes(entity.body), 0
    for number, (start, end) in enumerate(ranges):
        between = body[last:start]
        if number and not _DELIMITER.fullmatch(between):
            raise Disproved(f"between two parts stands {between[:60]!r}")
        facts += claim(last <= start <= end, "parts overlap") + _check_whole(parse_entity(entity.body[start:end]))
        last = end
    return facts


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").rstrip("\n")
