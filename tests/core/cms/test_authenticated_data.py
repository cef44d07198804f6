"""AuthenticatedData: a MAC for recipients, put together here by hand because nothing makes it (RFC 5652 section 9)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

import pytest

from smime_core import der
from smime_core.algorithms import HashName, hash_length
from smime_core.attributes import CONTENT_TYPE, MESSAGE_DIGEST, build_attribute
from smime_core.authenticated_data import AuthenticatedData, open_authenticated_data, parse_authenticated_data
from smime_core.blocking import run
from smime_core.content_info import ID_DATA, ID_SIGNED_DATA
from smime_core.errors import (
    ContentTypeMismatch,
    DecryptionError,
    MalformedMessage,
    MessageDigestMismatch,
    NoMatchingRecipient,
    UnsupportedAlgorithm,
)
from smime_core.identity import Identity
from smime_core.kekri import KeyEncryptionKey
from smime_core.provider import NewKey
from smime_core.recipient_info import RSA_V15, build_recipient_infos
from tests.unit.envelopes import CONTENT, NO_VERSIONS
from tests.unit.people import PROVIDER, person

ALICE, BOB = person("alice"), person("bob", NewKey.X25519)
KEK: Final = KeyEncryptionKey(identifier=b"k", key=bytes(range(32)))
HMACS: Final = {
    HashName.SHA1: "1.2.840.113549.2.7",
    HashName.SHA256: "1.2.840.113549.2.9",
    HashName.SHA384: "1.2.840.113549.2.10",
    HashName.SHA512: "1.2.840.113549.2.11",
}
VERSION: Final = der.integer(0)
SHA256: Final = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"))


def attributes(*, content_type: str = ID_DATA, digest: bytes | None = None, order: int = 1) -> bytes:
    digest = hashlib.sha256(CONTENT).digest() if digest is None else digest
    members = sorted(
        [
            build_attribute(CONTENT_TYPE, der.oid(content_type)),
            build_attribute(MESSAGE_DIGEST, der.octet_string(digest)),
        ]
    )
    return der.element(0xA2, *members[::order])


def build(
    *people: Identity,
    hash_name: HashName = HashName.SHA256,
    oid: str = "",
    auth_attrs: bytes = b"",
    digest_algorithm: bytes | None = None,
    content_type: str = ID_DATA,
    detached: bool = False,
    mac: bytes | None = None,
    unauth_attrs: bytes = b"",
    version: bytes = VERSION,
) -> AuthenticatedData:
    key = PROVIDER.random_bytes(hash_length(hash_name))
    # AES key wrap takes whole words of 64 bits; HMAC-SHA-1 keys travel by RSA.
    infos = run(
        build_recipient_infos(
            key,
            recipients=[someone.certificate for someone in people],
            provider=PROVIDER,
            transport=RSA_V15,
            keks=[KEK] if hash_name is HashName.SHA256 else [],
        )
    )
    covered = b"\x31" + auth_attrs[1:] if auth_attrs else CONTENT
    inside = b"" if detached else der.explicit(0, der.octet_string(CONTENT))
    if digest_algorithm is None:
        digest_algorithm = b"\xa1" + SHA256[1:] if auth_attrs else b""
    structure = der.sequence(
        version,
        der.set_of(infos),
        der.sequence(der.oid(oid or HMACS[hash_name])),
        digest_algorithm,
        der.sequence(der.oid(content_type), inside),
        auth_attrs,
        der.octet_string(hmac.digest(key, covered, hash_name) if mac is None else mac),
        unauth_attrs,
    )
    return parse_authenticated_data(der.read_one(structure))


def read(authenticated: AuthenticatedData, *people: Identity, beside: bytes | None = None) -> bytes:
    opened = open_authenticated_data(authenticated, holders=people, provider=PROVIDER, detached_content=beside)
    return bytes(run(opened).result)


@pytest.mark.parametrize("hash_name", list(HMACS))
@pytest.mark.parametrize("with_attributes", [False, True], ids=["bare", "with attributes"])
def test_each_hash_authenticates(hash_name: HashName, with_attributes: bool) -> None:
    auth_attrs = attributes() if with_attributes else b""
    assert read(build(ALICE, hash_name=hash_name, auth_attrs=auth_attrs), ALICE) == CONTENT


def test_hmac_sha1_has_another_name_in_old_mail() -> None:
    assert read(build(ALICE, hash_name=HashName.SHA1, oid="1.3.6.1.5.5.8.1.2"), ALICE) == CONTENT


def test_a_wrong_version_alone_refuses_nothing() -> None:
    assert read(build(ALICE, version=der.integer(77)), ALICE) == CONTENT


@pytest.mark.parametrize("other", NO_VERSIONS, ids=["SEQUENCE", "OCTET STRING"])
def test_what_stands_in_the_place_of_the_version_is_an_integer(other: bytes) -> None:
    with pytest.raises(MalformedMessage, match="expected 0x02"):
        build(ALICE, version=other)


def test_recipients_of_every_kind_check_it() -> None:
    authenticated = build(ALICE, BOB)
    assert read(authenticated, BOB) == CONTENT
    opened = run(open_authenticated_data(authenticated, holders=[], keks=[KEK], provider=PROVIDER))
    assert opened.result == CONTENT
    assert opened.recipient.kind == "kekri"
    with pytest.raises(NoMatchingRecipient):
        read(authenticated, person("carol"))


@pytest.mark.parametrize("with_attributes", [False, True], ids=["bare", "with attributes"])
def test_a_mac_that_does_not_fit_looks_like_a_wrong_key(with_attributes: bool) -> None:
    auth_attrs = attributes() if with_attributes else b""
    for mac in (bytes(32), b"", bytes(31)):
        with pytest.raises(DecryptionError):
            read(build(ALICE, auth_attrs=auth_attrs, mac=mac), ALICE)


def test_altered_content_is_refused() -> None:
    with pytest.raises(DecryptionError):
        read(build(ALICE, detached=True), ALICE, beside=CONTENT + b"!")
    with pytest.raises(MessageDigestMismatch):
        read(build(ALICE, detached=True, auth_attrs=attributes()), ALICE, beside=CONTENT + b"!")


def test_content_beside_the_structure_is_read() -> None:
    assert read(build(ALICE, detached=True, auth_attrs=attributes()), ALICE, beside=CONTENT) == CONTENT
    with pytest.raises(MalformedMessage, match="either"):
        read(build(ALICE, detached=True), ALICE)
    with pytest.raises(MalformedMessage, match="either"):
        read(build(ALICE), ALICE, beside=CONTENT)


def test_a_digest_that_the_sender_got_wrong_is_refused() -> None:
    with pytest.raises(MessageDigestMismatch):
        read(build(ALICE, auth_attrs=attributes(digest=bytes(32))), ALICE)


def test_the_authenticated_content_type_must_be_the_one_that_is_presented() -> None:
    with pytest.raises(ContentTypeMismatch):
        build(ALICE, auth_attrs=attributes(content_type=ID_SIGNED_DATA))
    assert read(build(ALICE, auth_attrs=attributes(content_type=ID_SIGNED_DATA), content_type=ID_SIGNED_DATA), ALICE)


def test_other_content_than_data_needs_authenticated_attributes() -> None:
    with pytest.raises(MalformedMessage, match="not id-data"):
        build(ALICE, content_type=ID_SIGNED_DATA)


def test_attributes_and_their_digest_stand_together_or_not_at_all() -> None:
    with pytest.raises(MalformedMessage, match="together"):
        build(ALICE, auth_attrs=attributes(), digest_algorithm=b"")
    with pytest.raises(MalformedMessage, match="together"):
        build(ALICE, digest_algorithm=b"\xa1" + SHA256[1:])


def test_attributes_out_of_order_are_refused() -> None:
    with pytest.raises(MalformedMessage, match="DER"):
        build(ALICE, auth_attrs=attributes(order=-1))


@pytest.mark.parametrize("kept", [CONTENT_TYPE, MESSAGE_DIGEST])
def test_both_attributes_must_be_there(kept: str) -> None:
    value = der.oid(ID_DATA) if kept == CONTENT_TYPE else der.octet_string(hashlib.sha256(CONTENT).digest())
    with pytest.raises(MalformedMessage, match="has 0 values"):
        build(ALICE, auth_attrs=der.element(0xA2, build_attribute(kept, value)))


def test_unauthenticated_attributes_are_left_alone_and_more_is_refused() -> None:
    unauth_attrs = der.element(0xA3, build_attribute("1.2.3", der.integer(1)))
    assert read(build(ALICE, unauth_attrs=unauth_attrs), ALICE) == CONTENT
    with pytest.raises(MalformedMessage, match="too many"):
        build(ALICE, unauth_attrs=unauth_attrs + der.integer(1))


def test_an_unknown_mac_is_said() -> None:
    with pytest.raises(UnsupportedAlgorithm):
        build(ALICE, oid="1.2.3.4")


def test_a_structure_that_is_cut_short_is_refused() -> None:
    with pytest.raises(MalformedMessage):
        parse_authenticated_data(der.read_one(der.sequence(der.integer(0), der.set_of([]))))
