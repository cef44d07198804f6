"""Every tag counts: a structure in which one element has another tag cannot be read or decrypted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.attributes import (
    CONTENT_HINTS,
    ENCRYPTION_KEY_PREFERENCE,
    MICROSOFT_KEY_PREFERENCE,
    RECEIPT_REQUEST,
    SECURITY_LABEL,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
    Attributes,
)
from smime_core.cms.content_info import parse_content_info
from smime_core.cms.enveloped_data import decrypt_enveloped_data, parse_enveloped_data
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signed_attributes import (
    build_key_preference,
    build_microsoft_key_preference,
    parse_key_preference,
    parse_signing_certificate,
    parse_signing_time,
)
from smime_core.cms.signed_data import parse_signed_data
from smime_core.cms.signer_info import SignerInfo
from smime_core.errors import SmimeError
from smime_core.ess.hints import parse_content_hints
from smime_core.ess.labels import parse_security_label
from smime_core.ess.receipt_request import parse_receipt_request
from smime_core.policy import Policy
from smime_core.provider import NewKey
from tests.support.people import PROVIDER, person
from tools.fuzz.alterations import Span, find_tlvs
from tools.fuzz.samples import samples
from tools.fuzz.targets import KEK, keys

OTHER_TAGS = {0x30: 0x31, 0x31: 0x30, 0x04: 0x0C, 0x06: 0x0D, 0x02: 0x0A, 0x03: 0x04}


def retag(data: bytes, span: Span) -> bytes:
    tag = data[span.start]
    return data[: span.start] + bytes([OTHER_TAGS.get(tag, tag ^ 0x10)]) + data[span.start + 1 :]


def signers_of(cms: bytes) -> list[SignerInfo]:
    """The signers of a SignedData. Raises the error of the first one that cannot be read."""
    infos = parse_signed_data(parse_content_info(cms).content).signer_infos
    for info in infos:
        if isinstance(info, SmimeError):
            raise info
    return [info for info in infos if isinstance(info, SignerInfo)]


def decrypt(cms: bytes) -> None:
    content_info = parse_content_info(cms)
    enveloped = parse_enveloped_data(content_info.content, content_type=content_info.content_type)
    with_kek = Keys(identities=keys().identities, keks=[KEK], most_guesses=0)
    run(decrypt_enveloped_data(enveloped, with_kek, provider=PROVIDER, policy=Policy.ARCHIVE))


def accepted(cms: bytes, read: Callable[[bytes], object]) -> list[bytes]:
    """The elements that `read` accepts under another tag."""
    read(cms)
    indifferent = []
    for span in find_tlvs(cms, at_most=2_000):
        try:
            read(retag(cms, span))
        except SmimeError:
            continue
        indifferent.append(cms[span.start : span.end])
    return indifferent


@pytest.mark.parametrize("number", range(7, 12), ids=["ktri", "kari P-256", "kari X25519", "kemri", "kekri"])
def test_every_tag_of_what_is_encrypted_counts(number: int) -> None:
    """The only exception is the tag of the recipient's version, which is not checked (MUSTS 32).

    Keys that the altered name does not name are not tried.
    """
    indifferent = accepted(samples()["cms"][number], decrypt)
    assert [element[:2] for element in indifferent] == [b"\x02\x01"]


@pytest.mark.parametrize("number", range(4))
def test_every_tag_on_the_way_to_a_signature_counts(number: int) -> None:
    cms = samples()["cms"][number]
    signer = signers_of(cms)[0]
    for element in accepted(cms, signers_of):
        assert bytes(signer.signature) not in element or element == signer.signature


PARSERS: dict[str, Callable[[Attributes], object]] = {
    SIGNING_TIME: parse_signing_time,
    SIGNING_CERTIFICATE_V2: parse_signing_certificate,
    CONTENT_HINTS: parse_content_hints,
    SECURITY_LABEL: parse_security_label,
    RECEIPT_REQUEST: parse_receipt_request,
    MICROSOFT_KEY_PREFERENCE: parse_key_preference,
    ENCRYPTION_KEY_PREFERENCE: parse_key_preference,
}


def values() -> dict[str, bytes]:
    """One value of each attribute in PARSERS, by its OID."""
    rich = person("alice", NewKey.P256).certificate
    attribute_values = {
        oid: value[0] for oid, value in signers_of(samples()["cms"][1])[0].attributes.items() if oid in PARSERS
    }
    for attribute in (build_key_preference(rich), build_microsoft_key_preference(rich)):
        oid, value = der.read_children(der.read_one(attribute))
        attribute_values[der.parse_oid(oid)] = bytes(der.read_children(value)[0].encoded)
    return attribute_values


@pytest.mark.parametrize("oid", PARSERS)
def test_every_tag_of_an_attributes_value_counts(oid: str) -> None:
    """The only exceptions are tags inside names, which are compared and not parsed."""
    name = person("alice", NewKey.P256).certificate.issuer_der
    for element in accepted(values()[oid], lambda value: PARSERS[oid]({oid: (value,)})):
        assert element in name
