"""Parse OCSP requests for a responder, strictly and within limits, since anybody may send them (RFC 6960 section 4.1).

The nonce is read as RFC 9654 defines it. Signatures on requests are not checked, because the answers are public.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import HashName, parse_hash_identifier
from smime_core.asn1 import Buffer, Tlv, der
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.keys import subject_public_key
from smime_core.limits import MAX_OCSP_QUESTIONS, MAX_OCSP_REQUEST_BYTES, check_limit
from smime_core.x509.certificate import Certificate, Extension, parse_extensions
from smime_core.x509.ocsp import OCSP_NONCE

MAX_NONCE_BYTES: Final = 128  # RFC 9654 section 2.1
_HASHES: Final = frozenset({HashName.SHA1, HashName.SHA256, HashName.SHA384, HashName.SHA512})
_VERSION: Final = 0xA0
_REQUESTOR: Final = 0xA1
_EXTENSIONS: Final = 0xA2
_SINGLE_EXTENSIONS: Final = 0xA0
_SIGNATURE: Final = 0xA0
_WHERE: Final = "OCSP request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One CertID: the serial number of a certificate, and its issuer by the hashes of name and key (section 4.1.1).

    `hash_name` is None for a hash that is not supported. `encoded` is repeated unchanged in the answer.
    """

    encoded: bytes
    hash_name: HashName | None
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial_number: int

    def names_issuer(self, issuer: Certificate) -> bool:
        """Whether the question is about a certificate of `issuer`."""
        if self.hash_name is None:
            return False
        name_hash = hashlib.new(self.hash_name, issuer.subject_der, usedforsecurity=False).digest()
        key_hash = hashlib.new(self.hash_name, subject_public_key(issuer.public_key), usedforsecurity=False).digest()
        return (name_hash, key_hash) == (self.issuer_name_hash, self.issuer_key_hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspRequest:
    """A parsed request. `nonce` is None if the request has none."""

    questions: tuple[Question, ...]
    nonce: bytes | None


def parse_ocsp_request(data: Buffer) -> OcspRequest:
    """Parse a request. Raises MalformedMessage, also for an unknown critical extension, or LimitExceeded."""
    check_limit("bytes of an OCSP request", len(data), MAX_OCSP_REQUEST_BYTES)
    whole = der.read_sequence(data, where=_WHERE)
    if not whole or len(whole) > 2 or (len(whole) == 2 and whole[1].tag != _SIGNATURE):
        raise MalformedMessage("expected a request and perhaps its signature", where=_WHERE)
    fields = der.read_children(der.expect(whole[0], der.SEQUENCE, where=_WHERE), where=_WHERE)
    if fields and fields[0].tag == _VERSION:
        _check_version(fields.pop(0))
    if fields and fields[0].tag == _REQUESTOR:
        fields.pop(0)
    if len(fields) not in (1, 2) or (len(fields) == 2 and fields[1].tag != _EXTENSIONS):
        raise MalformedMessage("expected a list of certificates and perhaps extensions", where=_WHERE)
    members = der.read_children(der.expect(fields[0], der.SEQUENCE, where=_WHERE), where=_WHERE)
    check_limit("certificates of an OCSP request", len(members), MAX_OCSP_QUESTIONS)
    if not members:
        raise MalformedMessage("asks about no certificate", where=_WHERE)
    extensions = parse_extensions(fields[1].content) if len(fields) == 2 else ()
    return OcspRequest(questions=tuple(map(_parse_question, members)), nonce=_find_nonce(extensions))


def _check_version(version: Tlv) -> None:
    if der.parse_integer(der.read_one(version.content, where=_WHERE), where=_WHERE) != 0:
        raise MalformedMessage("expected version 1", where=_WHERE)


def _parse_question(request: Tlv) -> Question:
    fields = der.read_children(der.expect(request, der.SEQUENCE, where=_WHERE), where=_WHERE)
    if len(fields) not in (1, 2) or (len(fields) == 2 and fields[1].tag != _SINGLE_EXTENSIONS):
        raise MalformedMessage("expected CertID and perhaps extensions", where=_WHERE)
    if len(fields) == 2:
        _refuse_critical(parse_extensions(fields[1].content))
    parts = der.read_children(der.expect(fields[0], der.SEQUENCE, where=_WHERE), where=_WHERE)
    if len(parts) != 4:
        raise MalformedMessage(f"a CertID of {len(parts)} fields, expected 4", where=_WHERE)
    algorithm, name_hash, key_hash, serial_number = parts
    return Question(
        encoded=bytes(fields[0].encoded),
        hash_name=_find_hash(algorithm),
        issuer_name_hash=bytes(der.expect(name_hash, der.OCTET_STRING, where=_WHERE).content),
        issuer_key_hash=bytes(der.expect(key_hash, der.OCTET_STRING, where=_WHERE).content),
        serial_number=der.parse_integer(serial_number, where=_WHERE),
    )


def _find_hash(algorithm: Tlv) -> HashName | None:
    try:
        name = parse_hash_identifier(algorithm.encoded, _WHERE)
    except UnsupportedAlgorithm:
        return None
    return name if name in _HASHES else None


def _find_nonce(extensions: tuple[Extension, ...]) -> bytes | None:
    nonce_extension = next((extension for extension in extensions if extension.oid == OCSP_NONCE), None)
    _refuse_critical(tuple(extension for extension in extensions if extension is not nonce_extension))
    if nonce_extension is None:
        return None
    nonce = bytes(
        der.expect(der.read_one(nonce_extension.value, where="nonce"), der.OCTET_STRING, where="nonce").content
    )
    # RFC 9654 section 2.1: a request with a nonce of another length is rejected with malformedRequest.
    if not 1 <= len(nonce) <= MAX_NONCE_BYTES:
        raise MalformedMessage(f"{len(nonce)} bytes, expected 1 to {MAX_NONCE_BYTES}", where="nonce")
    return nonce


def _refuse_critical(extensions: tuple[Extension, ...]) -> None:
    for extension in extensions:
        if extension.critical:
            raise MalformedMessage(f"an unknown critical extension {extension.oid}", where=_WHERE)
