"""OpenPGP in mail: recognised and named, never read (RFC 3156, RFC 9580 section 6.2).

PGP/MIME is recognised from the media type. Inline OpenPGP is a text whose armour begins on a line of its own. Exchange
servers turn an encrypted PGP/MIME mail into a multipart/mixed, which still has the part application/pgp-encrypted.
"""

from __future__ import annotations

import dataclasses
import re
from enum import StrEnum
from typing import Final

from smime_core.errors import MalformedMessage
from smime_core.mime.canonical import has_parts
from smime_core.mime.entity import Entity, decode_body
from smime_core.mime.multipart import parse_parts

OPENPGP_HEAD_BYTES: Final = 65_536
"""The number of bytes of a body that are searched, the same in memory and in streams."""
_ARMOUR: Final = re.compile(rb"^-----BEGIN PGP (SIGNED )?MESSAGE-----[ \t]*+\r?$", re.MULTILINE)
_MAX_PARTS: Final = 20
_MAX_DEPTH: Final = 4


class OpenPgp(StrEnum):
    """The protection that OpenPGP gives a mail. The value is the end of the code of a `Reason`."""

    ENCRYPTED = "encrypted"
    SIGNED = "signed"


def find_openpgp(entity: Entity) -> OpenPgp | None:
    """Whether a mail is encrypted or signed by OpenPGP, or None if it is neither. Never raises."""
    body = entity.body[:OPENPGP_HEAD_BYTES]
    try:
        return _find(dataclasses.replace(entity, body=body), 0)
    except MalformedMessage:
        return None


def _find(entity: Entity, depth: int) -> OpenPgp | None:
    media_type = entity.content_type.media_type
    protocol = entity.content_type.parameters.get("protocol", "").lower()
    if media_type == "multipart/encrypted" and protocol == "application/pgp-encrypted":
        return OpenPgp.ENCRYPTED
    if media_type == "multipart/signed" and protocol == "application/pgp-signature":
        return OpenPgp.SIGNED
    if media_type == "application/pgp-encrypted":
        return OpenPgp.ENCRYPTED
    if has_parts(entity) and depth < _MAX_DEPTH:
        parts = parse_parts(entity)[:_MAX_PARTS]
        return next((openpgp for part in parts if (openpgp := _find(part, depth + 1)) is not None), None)
    return _find_inline(entity) if media_type == "text/plain" and not entity.filename else None


def _find_inline(entity: Entity) -> OpenPgp | None:
    armour = _ARMOUR.search(bytes(decode_body(entity)))
    if armour is None:
        return None
    return OpenPgp.SIGNED if armour[1] else OpenPgp.ENCRYPTED
